import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of mode 700, as a clone below a private home is; it goes when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
