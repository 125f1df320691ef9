import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RunDocument } from '../../src/cli/run-document.js';
import { startCommand } from './started-command.js';

const nothing = { processes: [], folders: [] };

describe('npm start', () => {
  test('moves a whole legacy database, proves it, prints one document, and leaves nothing behind', async () => {
    const start = await startCommand('start', ['--rows=3000', '--once', '--json']);
    expect(await start.ended(), start.stderr()).toBe(0);
    const document: RunDocument = JSON.parse(start.stdout());
    expect(document.outcome).toBe('completed');
    expect(document.seconds).toBeGreaterThan(0);
    expect(document.addresses?.temporalUi).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const tables = Object.values(document.tables);
    expect(tables.map(({ source }) => source ?? 0).reduce((a, b) => a + b, 0)).toBe(3000);
    for (const { source, read, migrated, merged, rejected, differences } of tables) {
      expect(read).toBe(source);
      expect(migrated + merged + rejected).toBe(read);
      expect(differences).toBe(0);
    }
    expect(start.stderr()).toContain('📊 Migration Validation Report');
    expect(start.stderr()).toContain('Rejected rows by reason:');
    expect(await start.leftBehind()).toEqual(nothing);
  }, 180_000);

  test.each(['mysql', 'mariadb'])(
    'a legacy database on %s is moved the same way',
    async (source) => {
      const start = await startCommand('start', [`--source=${source}`, '--rows=500', '--once', '--json']);
      expect(await start.ended(), start.stderr()).toBe(0);
      const document: RunDocument = JSON.parse(start.stdout());
      expect(document.outcome).toBe('completed');
      expect(start.stderr()).toMatch(/Filling the legacy database \(M(ySQL|ariaDB)\) with 500 rows/);
      expect(await start.leftBehind()).toEqual(nothing);
    },
    300_000,
  );

  test.each([
    { when: 'PostgreSQL is being made', says: 'Starting PostgreSQL...', afterMs: 300 },
    { when: 'Temporal is starting', says: 'Starting Temporal...', afterMs: 100 },
    { when: 'the worker is starting', says: 'Starting the worker...', afterMs: 100 },
    { when: 'the run is at work', says: 'Migrating customers...', afterMs: 0 },
  ])(
    'interrupted while $when, it ends within seconds and leaves nothing behind',
    async ({ says, afterMs }) => {
      const start = await startCommand('start', ['--rows=20000', '--json']);
      await start.said(says);
      await sleep(afterMs);
      const begun = Date.now();
      start.signal('SIGINT');
      expect(await start.ended()).toBe(1);
      expect(Date.now() - begun).toBeLessThan(10_000);
      expect(JSON.parse(start.stdout())).toMatchObject({ outcome: 'interrupted' });
      expect(await start.leftBehind()).toEqual(nothing);
    },
    120_000,
  );

  test('a wrong call is refused before anything is started', async () => {
    const start = await startCommand('start', ['--row=5']);
    expect(await start.ended()).toBe(2);
    expect(start.stderr()).toContain('Allowed are --rows=<n>, --source=<server>, --once, --json, --help');
  });
});
