import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attemptName } from '../../activities/attempt.js';
import { TargetConnections } from '../../activities/hard-stop.js';
import { createDatabase, type TestDatabase } from '../helpers/databases.js';

let database: TestDatabase;
let watch: Client;
beforeAll(async () => {
  database = await createDatabase('hard_stop');
  watch = new Client({ connectionString: database.url });
  await watch.connect();
  await watch.query('create table t as select i, md5(i::text) as text from generate_series(1, 400000) i');
});
afterAll(async () => {
  await watch.end();
  await database.drop();
});

let acts = 0;
function connections(): TargetConnections {
  const name = attemptName({
    activityId: `act ${++acts}`,
    workflowExecution: { workflowId: 'run', runId: 'r' },
    currentAttemptScheduledTimestampMs: Date.now(),
  });
  return new TargetConnections({ connectionString: database.url }, name);
}

const never = (reason: string): void => {
  throw new Error(`no warning was expected: ${reason}`);
};

/** Backends of these connections. */
async function backends({ config }: TargetConnections): Promise<number> {
  const { rowCount } = await watch.query('select 1 from pg_stat_activity where application_name = $1', [
    config.application_name,
  ]);
  return rowCount ?? 0;
}

test('what the server is busy with ends at once, on all connections, and nothing of it stays', async () => {
  const ours = connections();
  const sleeping = await ours.connect(60_000);
  const writing = await ours.connect(60_000);
  await writing.query('begin');
  await writing.query("update t set text = 'changed' where i = 1");
  await writing.query("set maintenance_work_mem = '1MB'");
  const ends = Promise.allSettled([
    sleeping.query('select pg_sleep(60)'),
    writing.query('create index t_text on t (text); select pg_sleep(60)'),
  ]);
  await expect.poll(() => backends(ours)).toBe(2);
  const begin = performance.now();
  await ours.endAll(never);
  expect(await backends(ours)).toBe(0);
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(performance.now() - begin).toBeLessThan(2_000);
  const { rows } = await watch.query(
    "select text <> 'changed' as kept, to_regclass('t_text') as index from t where i = 1",
  );
  expect(rows).toEqual([{ kept: true, index: null }]);
});

test('other attempts go on, and the stopped one opens no connection any more', async () => {
  const [ours, theirs] = [connections(), connections()];
  await ours.connect(60_000);
  const other = await theirs.connect(60_000);
  await ours.endAll(never);
  await expect(other.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
  await expect(ours.connect(60_000)).rejects.toThrow('stopped');
  expect(await backends(ours)).toBe(0);
  const afresh = await ours.connectAfresh();
  await expect(afresh.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
  await Promise.all([other.end(), afresh.end()]);
});

test('when the server lets nobody in to end them, the connections are cut here, and it is said why', async () => {
  const ours = connections();
  const client = await ours.connect(60_000);
  await client.query('begin; update t set text = null');
  const waiting = client.query('select pg_sleep(60)').catch((error: unknown) => error);
  const admin = new Client({ connectionString: database.url.replace(database.name, 'postgres') });
  await admin.connect();
  await admin.query(`alter database ${database.name} allow_connections false`);
  const reasons: string[] = [];
  try {
    await ours.endAll((reason) => reasons.push(reason));
  } finally {
    await admin.query(`alter database ${database.name} allow_connections true`);
    await admin.end();
  }
  expect(reasons).toEqual([expect.stringContaining('not currently accepting connections')]);
  expect(await waiting).toBeInstanceOf(Error);
  await watch.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
    ours.config.application_name,
  ]);
});
