import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { readEnvFile } from '../../src/config/env-file.js';
import { loadConfig } from '../../src/config/load-config.js';
import { variableNames } from '../../src/config/variables.js';

const example = new URL('../../.env.example', import.meta.url).pathname;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nxt-migrate-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('.env.example has every variable, and no other', () => {
  expect(new Set(Object.keys(readEnvFile(example)))).toEqual(new Set(variableNames));
});

test('.env.example explains each variable or group of variables', () => {
  const blocks = readFileSync(example, 'utf8')
    .split('\n\n')
    .filter((block) => /^[A-Z_]+=/m.test(block));
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) expect(block).toMatch(/^#/);
});

test('.env.example works as it is, and says what holds without it', () => {
  const values = readEnvFile(example);
  const { SOURCE_DATABASE_URL, DATABASE_URL, BACKUP_DATABASE_URL } = values;
  expect(loadConfig(values)).toEqual(loadConfig({ SOURCE_DATABASE_URL, DATABASE_URL, BACKUP_DATABASE_URL }));
});

test('the process wins over the file, unless its value is empty', () => {
  const path = join(folder, 'some.env');
  writeFileSync(path, 'NODE_ENV=staging\nTEMPORAL_NAMESPACE=shop\n');
  expect(readEnvFile(path, { NODE_ENV: 'test', TEMPORAL_NAMESPACE: ' ' })).toEqual({
    NODE_ENV: 'test',
    TEMPORAL_NAMESPACE: 'shop',
  });
});

test('without a file, the process alone is asked', () => {
  expect(readEnvFile(join(folder, 'none.env'), { NODE_ENV: 'test' })).toEqual({ NODE_ENV: 'test' });
});

test('a file that cannot be read is said, not passed over', () => {
  expect(() => readEnvFile(folder)).toThrow(ConfigError);
  expect(() => readEnvFile(folder)).toThrow(/cannot be read \(EISDIR\)/);
});
