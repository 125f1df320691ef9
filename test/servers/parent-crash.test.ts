import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres } from '../../src/servers/postgres.js';
import { compileServers, nodeArguments } from './compiled-servers.js';
import { isRunning } from './processes.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

test('when the process that started them is killed, both servers end in order and can be started again', async () => {
  const folder = await temporaryFolder();
  const dataDir = path.join(folder, 'postgres');
  const moduleUrl = await compileServers(path.join(folder, 'compiled'));
  const script = `
    import { createKeeper } from ${JSON.stringify(moduleUrl('keeper'))};
    import { startPostgres } from ${JSON.stringify(moduleUrl('postgres'))};
    import { startTemporalDevServer } from ${JSON.stringify(moduleUrl('temporal-dev-server'))};
    const keeper = createKeeper();
    const servers = await Promise.all([
      startPostgres({ dataDir: ${JSON.stringify(dataDir)}, keeper }),
      startTemporalDevServer({ dataFile: ${JSON.stringify(path.join(folder, 'temporal.db'))}, keeper }),
    ]);
    console.log(JSON.stringify(servers.map(({ pid }) => pid)));
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, nodeArguments(script), { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(parent.stdout, 'data');
  const pids: number[] = JSON.parse(String(line));
  expect(await Promise.all(pids.map(isRunning))).toEqual([true, true]);

  parent.kill('SIGKILL');
  await vi.waitFor(
    async () => expect(await Promise.all(pids.map(isRunning))).toEqual([false, false]),
    10_000,
  );

  const keeper = createKeeper();
  onTestFinished(() => keeper.close());
  const again = await startPostgres({ dataDir, keeper });
  expect(again.url('postgres')).toContain('127.0.0.1');
}, 60_000);
