import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { traceDocumentSchema } from '../../src/cli/trace-document.js';
import { tracedLegacy } from '../engine/trace/traced-legacy.js';
import { execute } from '../engine/trace/traced-run.js';
import { builtProduct } from '../helpers/built-product.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

let environment: RunEnvironment;
let command: string;

beforeAll(async () => {
  environment = await createRunEnvironment();
  command = await builtProduct('src/cli/trace.js');
  await execute(environment.source.url, tracedLegacy);
  await execute(environment.source.url, [
    `update legacy_customers set city = e'Bonn\\n\\x1b[31mred' where id = 'customer-17'`,
  ]);
  await environment.run({
    tables: ['customers'],
    backup: false,
    minQualityScore: 0,
    maxErrorRate: 1,
    alertErrorRate: 1,
  });
}, 300_000);
afterAll(() => environment?.close());

async function call(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  // A folder without a .env.
  const child = spawn(process.execPath, [command, ...args], {
    cwd: await temporaryFolder(),
    env: { ...process.env, ...environment.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  return { stdout, stderr, code };
}

test('prints a page that fits 80 columns, without colours where nobody sees them', async () => {
  const { stdout, stderr, code } = await call(['--table=customers', '--id=customer-17']);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stripVTControlCharacters(stdout)).toBe(stdout);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(stdout).toMatch(
    /^customers d609501b-49b3-50e2-a813-533e6b9aa720\n {2}moved from legacy_customers customer-17\n/,
  );
  expect(stdout).toContain("company_name      '  Acme Trading ' → Acme Trading  trimmed\n");
  expect(stdout).toContain('      trimmed text, required, 2–255 characters\n');
  expect(stdout).toContain('Target     every value is what the rules make now\n');
});

test('tells of a rejected row why, and how to go on', async () => {
  const { stdout, code } = await call(['--table', 'customers', '--id', 'customer-19']);
  expect(code).toBe(0);
  expect(stdout).toContain('rejected: it is not in the target\n');
  expect(stdout).toMatch(/Quarantine ERR_003 email: is not an e-mail address \(/);
});

test('prints one document that its schema describes, all values whole', async () => {
  const { stdout, code } = await call(['--table=customers', '--id=customer-17', '--json']);
  expect(code).toBe(0);
  const document = traceDocumentSchema.parse(JSON.parse(stdout));
  expect(document).toEqual(JSON.parse(stdout));
  expect(document).toMatchObject({
    asked: { table: 'customers', id: 'customer-17', run: null },
    rows: [{ outcome: 'migrated', legacy: { table: 'legacy_customers', id: 'customer-17' } }],
    unknown: null,
    error: null,
  });
});

test('answers without the source, and says so', async () => {
  const away = new URL(environment.source.url);
  away.port = '1';
  const { stdout, code } = await call(['--table=customers', '--id=customer-17'], {
    SOURCE_DATABASE_URL: away.href,
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/Source {5}The connection to the source database failed \(ECONNREFUSED\)\./);
  expect(stdout).toContain('Acme Trading');
});

test('an id that nobody knows is a sentence and exit code 1', async () => {
  const { stdout, code } = await call(['--table=customers', '--id=nobody']);
  expect(code).toBe(1);
  expect(stdout).toContain('❌ No run knows customers nobody.\n');
  const json = await call(['--table=customers', '--id=nobody', '--json']);
  expect(json.code).toBe(1);
  expect(traceDocumentSchema.parse(JSON.parse(json.stdout))).toMatchObject({
    rows: [],
    unknown: { inSource: [], inTarget: [] },
  });
});

test.each([
  [['--table=clients', '--id=1'], 'The plan nxt has no step or table clients. Allowed are customers, '],
  [['--table=customers'], '--id is missing'],
  [['--id=1'], '--table is missing'],
  [['--table=customers', '--id=1', '--run=other'], 'The target knows no run other. It knows '],
  [['--tabel=customers'], 'Allowed are --table=<name>, --id=<id>, --run=<id>, --json, --help.'],
])('a wrong call %j says what is allowed, with exit code 2', async (args, words) => {
  const { stderr, code } = await call(args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

test('a target that is not there is exit code 3, one without runs 1', async () => {
  const away = new URL(environment.target.url);
  away.port = '1';
  const unreachable = await call(['--table=customers', '--id=1', '--json'], { DATABASE_URL: away.href });
  expect(unreachable.code).toBe(3);
  expect(traceDocumentSchema.parse(JSON.parse(unreachable.stdout))).toMatchObject({
    error: { code: 'ERR_001' },
  });
  const empty = await call(['--table=customers', '--id=1'], {
    DATABASE_URL: environment.backup.url,
    BACKUP_DATABASE_URL: environment.target.url,
  });
  expect(empty.code).toBe(1);
  expect(empty.stderr).toContain('no run has written there yet');
});
