import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import { createKeeper, type Keeper } from '../../src/servers/keeper.js';
import { startTemporalDevServer } from '../../src/servers/temporal-dev-server.js';
import { isRunning } from './processes.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

function keeperForTest(): Keeper {
  const keeper = createKeeper();
  onTestFinished(() => keeper.close());
  return keeper;
}

async function withClient<Result>(
  address: string,
  namespace: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

test('workflows wait in the data file over a stop and a restart on the same ports', async () => {
  const dataFile = path.join(await temporaryFolder(), 'state', 'temporal.db');
  const keeper = keeperForTest();
  const options = { dataFile, namespace: 'moving-day', keeper };

  const first = await startTemporalDevServer({
    ...options,
    dynamicConfig: { 'limit.maxIDLength': '60' },
  });
  const page = await fetch(first.uiUrl);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
  await withClient(first.address, 'moving-day', async (client) => {
    const start = (workflowId: string) => client.workflow.start('waits', { taskQueue: 'nobody', workflowId });
    await start('kept');
    await expect(start('x'.repeat(61))).rejects.toMatchObject({
      cause: { message: expect.stringContaining('WorkflowId exceeds maximum allowed length') },
    });
  });
  await first.stop();
  expect(await isRunning(first.pid)).toBe(false);

  const second = await startTemporalDevServer({
    ...options,
    port: Number(new URL(`http://${first.address}`).port),
    uiPort: Number(new URL(first.uiUrl).port),
  });
  expect(second).toMatchObject({ address: first.address, uiUrl: first.uiUrl });
  const status = await withClient(second.address, 'moving-day', (client) =>
    client.workflow.getHandle('kept').describe(),
  );
  expect(status.status.name).toBe('RUNNING');
}, 60_000);

async function temporaryLogs(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('nxt-migrate-temporal-'));
}

test('two servers in memory run side by side, and leave no file behind', async () => {
  const before = await temporaryLogs();
  const keeper = keeperForTest();
  const servers = await Promise.all([startTemporalDevServer({ keeper }), startTemporalDevServer({ keeper })]);
  expect(new Set(servers.flatMap(({ address, uiUrl }) => [address, uiUrl])).size).toBe(4);
  await Promise.all(servers.map((server) => server.stop()));
  expect(await temporaryLogs()).toEqual(before);
}, 60_000);

test('a server that does not start says why, in its own words', async () => {
  const logFile = path.join(await temporaryFolder(), 'temporal.log');
  const started = startTemporalDevServer({
    keeper: keeperForTest(),
    logFile,
    dynamicConfig: { broken: 'not json' },
  });
  await expect(started).rejects.toThrow(
    /The Temporal dev server ended while starting[^]*invalid JSON value for key "broken"/,
  );
  expect(await readFile(logFile, 'utf8')).toContain('invalid JSON value');
}, 60_000);
