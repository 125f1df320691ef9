import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './error-code.js';

/** A download that has not ended after this many milliseconds died half way. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Fills a folder that is not there yet, e.g. with a downloaded server. It appears at its place in one step: what
 * is at that place is always whole, and of two processes that fetch at once both end up with the same folder.
 *
 * @param fetch gets the folder to fill, and one for everything it needs on the way, which goes afterwards
 */
export async function fetchFolder(
  folder: string,
  fetch: (content: string, scratch: string) => Promise<void>,
): Promise<void> {
  const parent = path.dirname(folder);
  await mkdir(parent, { recursive: true });
  await removeAbandonedDownloads(parent);
  const workFolder = await mkdtemp(path.join(parent, '.download-'));
  try {
    const [content, scratch] = [path.join(workFolder, 'content'), path.join(workFolder, 'scratch')];
    await mkdir(content);
    await mkdir(scratch);
    await fetch(content, scratch);
    await chmod(content, 0o755);
    await rename(content, folder).catch((error: unknown) => {
      // Another process has put its own there meanwhile: it is as good as ours.
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** What downloads into the folder have left behind when they died. */
export async function removeAbandonedDownloads(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('.download-')) continue;
    const workFolder = path.join(folder, name);
    const begun = await stat(workFolder).catch(() => undefined);
    if (begun && begun.mtimeMs < Date.now() - ABANDONED_AFTER_MS)
      await rm(workFolder, { recursive: true, force: true });
  }
}
