import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { entity, keep, source, text } from '../../../src/plan/builder.js';
import { registerPlan } from '../../../src/plan/registry.js';
import { createRunEnvironment } from '../../helpers/run-environment.js';
import type { Engine, EngineName } from './engines.js';
import { planOf } from './prove-inputs.js';

/** Tables that have nothing by which each row could be named and counted once. */
const tables: Readonly<Record<string, Partial<Record<EngineName, string>>>> = {
  no_key: all('id integer, note varchar(20)'),
  key_of_nulls: all('id integer, note varchar(20), unique (id)'),
  index_not_unique: {
    mysql: 'id integer not null, note varchar(20), index (id)',
    mariadb: 'id integer not null, note varchar(20), index (id)',
  },
  key_of_beginnings: {
    mysql: 'id varchar(20) not null, note varchar(20), unique (id(5))',
    mariadb: 'id varchar(20) not null, note varchar(20), unique (id(5))',
  },
  key_of_floats: {
    mysql: 'id float not null, note varchar(20), unique (id)',
    mariadb: 'id float not null, note varchar(20), unique (id)',
  },
};

function all(columns: string): Record<EngineName, string> {
  return { postgres: columns, mysql: columns, mariadb: columns };
}

const onlyPostgres = [
  `create table key_of_some (id integer not null, note text)`,
  `create unique index on key_of_some (id) where id > 0`,
  `create table key_made_up (id integer not null, note text)`,
  `create unique index on key_made_up ((id + 1))`,
];

/** A run over such tables is held in phase 1 with each of them named, and has moved nothing. */
export function refusesTablesWithoutKey(engine: () => Engine): void {
  it('tables whose rows cannot be told apart are refused, each by name', async () => {
    const { name } = engine();
    const legacy = await engine().createLegacy();
    const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-inputs-'));
    const own = Object.entries(tables).flatMap(([table, columns]) =>
      columns[name] === undefined ? [] : [[table, columns[name]] as const],
    );
    for (const [table, columns] of own) await legacy.run(`create table ${table} (${columns})`);
    if (name === 'postgres') for (const sql of onlyPostgres) await legacy.run(sql);
    const names = [
      ...own.map(([table]) => table),
      ...(name === 'postgres' ? ['key_of_some', 'key_made_up'] : []),
    ];
    const part = {
      entities: names.map((table) =>
        entity({
          step: table.replaceAll('_', '-'),
          label: table,
          sources: [source(table, [keep('id'), text('note')])],
        }),
      ),
      tables: names.map((table) => `create table ${table} (id integer primary key, note text)`),
      seed: () => Promise.resolve(),
      prove: () => undefined,
    };
    const plan = await planOf(`${name}-without-keys`, [part], folder);
    registerPlan(plan);
    const environment = await createRunEnvironment({ SOURCE_DATABASE_URL: legacy.url });
    try {
      await environment.withWorker(async () => {
        const run = await environment.start({ plan: plan.name, backup: false });
        const held = await environment.waitFor(run, ({ state }) => state === 'waiting');
        expect(held).toMatchObject({ phase: 'prepare', waitingFor: { code: 'ERR_002' } });
        expect(held.waitingFor?.helps).not.toContain('skip-validation');
        expect(held.waitingFor?.reason.split('; ').toSorted()).toEqual(
          names
            .map((table) => `${table}: no primary key and no unique index over columns that are never null`)
            .toSorted(),
        );
        await run.terminate('seen');
      });
    } finally {
      await environment.close();
      await legacy.close();
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);
}
