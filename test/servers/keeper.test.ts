import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { createKeeper } from '../../src/servers/keeper.js';
import { compileServers, nodeArguments } from './compiled-servers.js';
import { isRunning } from './processes.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const STUBBORN = `process.on('SIGTERM', () => {}); process.stdout.write('up'); setInterval(() => {}, 1000);`;
const OBEDIENT = `process.on('SIGINT', () => process.exit(7)); process.stdout.write('up'); setInterval(() => {}, 1000);`;

async function startChild(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, nodeArguments(script), { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

test('stopping sends the server its own signal, and SIGKILL when that does nothing', async () => {
  const keeper = createKeeper({ graceMs: 300 });
  const obedient = await startChild(OBEDIENT);
  const stubborn = await startChild(STUBBORN);
  keeper.adopt(obedient, { signal: 'SIGINT' });
  keeper.adopt(stubborn, { signal: 'SIGTERM' });

  await keeper.close();

  expect(obedient.exitCode).toBe(7);
  expect(stubborn.signalCode).toBe('SIGKILL');
});

test('a closed keeper takes no more servers, and leaves none behind', async () => {
  const keeper = createKeeper();
  await keeper.close();
  const child = await startChild(OBEDIENT);
  expect(() => keeper.adopt(child, { signal: 'SIGINT' })).toThrow('The keeper is closed');
  await once(child, 'exit');
});

test('servers end with a parent that is killed, and with one that simply ends; a stranger is left alone', async () => {
  const moduleUrl = await compileServers(await temporaryFolder());
  const parentScript = (last: string): string => `
    import { spawn } from 'node:child_process';
    import { once } from 'node:events';
    import { createKeeper } from ${JSON.stringify(moduleUrl('keeper'))};
    const keeper = createKeeper({ graceMs: 300 });
    const start = async (script) => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { detached: true });
      await once(child.stdout, 'data');
      return child;
    };
    const kept = [await start(${JSON.stringify(OBEDIENT)}), await start(${JSON.stringify(STUBBORN)})];
    kept.forEach((child, index) => keeper.adopt(child, { signal: ['SIGINT', 'SIGTERM'][index] }));
    const stranger = await start(${JSON.stringify(OBEDIENT)});
    console.log(JSON.stringify({ kept: kept.map(({ pid }) => pid), stranger: stranger.pid }));
    ${last}
  `;
  const endings = [
    `setInterval(() => {}, 1000);`,
    `for (const child of [...kept, stranger]) { child.stdout.destroy(); child.stderr.destroy(); } stranger.unref();`,
  ];
  await Promise.all(
    endings.map(async (ending) => {
      const parent = spawn(process.execPath, nodeArguments(parentScript(ending)), {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line]: unknown[] = await once(parent.stdout, 'data');
      const { kept, stranger }: { kept: number[]; stranger: number } = JSON.parse(String(line));
      try {
        expect(kept).toHaveLength(2);
        if (ending === endings[0]) parent.kill('SIGKILL');
        else if (parent.exitCode === null) await once(parent, 'exit');
        await vi.waitFor(
          async () => expect(await Promise.all(kept.map(isRunning))).toEqual([false, false]),
          5_000,
        );
        expect(await isRunning(stranger)).toBe(true);
      } finally {
        process.kill(stranger, 'SIGKILL');
      }
    }),
  );
});
