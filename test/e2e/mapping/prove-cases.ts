import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../src/contract/status.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';
import { engineNames, type EngineName } from '../../helpers/source-engines.js';
import { finishedRun } from '../finished-run.js';
import { caseOn, keyOf, uuid, type CaseHere, type LegacyRow, type LegacyTable } from './case.js';
import { openLegacy, type LegacyDatabase } from './engines.js';

/** What further tests of the same run may ask. */
export interface ProvenRun {
  readonly target: Client;
  readonly status: RunStatus;
}

/** Moves the tables' rows in one run from each source server, and proves each case on each. */
export function proveCases(
  tables: readonly LegacyTable[],
  options: {
    /** variables of the environment */
    readonly settings?: Record<string, string>;
    /** makes what must be there before the run */
    readonly prepare?: (target: Client) => Promise<void>;
    /** how many cases cannot be on each server */
    readonly cannotBe: Readonly<Record<EngineName, number>>;
  },
  further: (run: () => ProvenRun) => void,
): void {
  describe.each(engineNames)('what moves where, from %s', (engine) => {
    let environment: RunEnvironment;
    let legacy: LegacyDatabase;
    let target: Client;
    let status: RunStatus;
    const cases = tables.map((table, position) => ({ table, all: numbered(table, position, engine) }));

    beforeAll(async () => {
      legacy = await openLegacy(engine);
      environment = await createRunEnvironment({ ...options.settings, SOURCE_DATABASE_URL: legacy.url });
      target = await open(environment.target.url);
      await options.prepare?.(target);
      for (const { table, all } of cases) {
        await legacy.createTable(table);
        for (const one of all) if (!one.cannotBe) await insert(legacy, table, one);
      }
      status = await finishedRun(environment, { maxErrorRate: 1, alertErrorRate: 1, minQualityScore: 0 });
    }, 300_000);
    afterAll(async () => {
      await legacy?.close();
      await target?.end();
      await environment?.close();
    });

    it('completes, with every row accounted for and none that differs', () => {
      expect(status.state).toBe('completed');
      for (const step of status.steps) {
        expect(step).toMatchObject({ differences: 0, read: step.source });
        expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      }
    });

    further(() => ({ target, status }));

    for (const { table, all } of cases) {
      it.each(all.filter(({ cannotBe }) => !cannotBe))(`${table.table}: $rule`, async (one) => {
        expect(await outcomeOf(target, table, one)).toEqual(await expectedOf(target, one));
      });
      it.each(all.filter(({ cannotBe }) => cannotBe))(
        `${table.table}: $rule: cannot be: $cannotBe`,
        async (one) => {
          await expect(legacy.insert(table, one.values)).rejects.toThrow(/incorrect|truncated|out of range/i);
        },
      );
    }

    it(`is proved by all cases but ${options.cannotBe[engine]}`, () => {
      const missing = cases.flatMap(({ all }) => all.filter(({ cannotBe }) => cannotBe));
      expect(missing).toHaveLength(options.cannotBe[engine]);
    });
  });
}

async function insert(legacy: LegacyDatabase, table: LegacyTable, one: NumberedCase): Promise<void> {
  await legacy.insert(table, one.values).catch((cause: unknown) => {
    throw new Error(`${table.table}: ${one.rule}: the server refuses the row`, { cause });
  });
}

interface Outcome {
  /** columns that are warned about */
  readonly warns: readonly string[];
  readonly codes: readonly string[] | undefined;
  /** columns that the reason should name and does not */
  readonly unnamed: readonly string[];
  readonly merges: readonly { readonly into: string; readonly by: string }[];
  /** values of the target row, undefined where there is none */
  readonly moves: Readonly<Record<string, string | null>> | undefined;
}

async function outcomeOf(target: Client, table: LegacyTable, one: NumberedCase): Promise<Outcome> {
  const place = [table.table, one.legacyId];
  const warnings = await target.query<{ column: string }>(
    `select column_name as column from migration.warnings where legacy_table = $1 and legacy_id = $2 order by 1`,
    place,
  );
  const rejects = await target.query<{ codes: string[]; reason: string }>(
    'select codes, reason from migration.rejects where legacy_table = $1 and legacy_id = $2',
    place,
  );
  const merges = await target.query<{ into: string; by: string }>(
    'select target_id as into, rule as by from migration.merges where legacy_table = $1 and legacy_id = $2',
    place,
  );
  const expressions = Object.keys(one.moves ?? {});
  const values = ['true as found', ...expressions.map((sql, i) => `(${sql})::text as v${i}`)];
  const found = await target.query<Record<string, string | null>>(
    `select ${values.join(', ')} from ${table.target} where ${table.legacyKey ?? 'id::text'} = $1`,
    [table.legacyKey ? one.legacyId : (one.key ?? keyOf(table.table, one.legacyId))],
  );
  const [row] = found.rows;
  return {
    warns: warnings.rows.map(({ column }) => column),
    codes: rejects.rows[0]?.codes.toSorted(),
    unnamed: one.rejects?.columns.filter((column) => !rejects.rows[0]?.reason.includes(column)) ?? [],
    merges: merges.rows,
    moves: row && Object.fromEntries(expressions.map((sql, i) => [sql, row[`v${i}`] ?? null])),
  };
}

async function expectedOf(target: Client, one: NumberedCase): Promise<Outcome> {
  const moves: Record<string, string | null> = {};
  for (const [sql, text] of Object.entries(one.moves ?? {})) moves[sql] = await printed(target, text);
  return {
    warns: one.warns ?? [],
    codes: one.rejects?.codes,
    unnamed: [],
    merges: one.merges ? [{ into: keyOf('legacy_suppliers', one.merges.into), by: one.merges.by }] : [],
    moves: one.moves && moves,
  };
}

interface NumberedCase extends CaseHere {
  readonly legacyId: string;
  readonly values: LegacyRow;
}

/** The cases of a table on a source server, each with a whole row; those without an id of their own get one. */
function numbered(table: LegacyTable, position: number, engine: EngineName): NumberedCase[] {
  const start = position * 1000 + 0x100000;
  return table.cases.map((one, i) => {
    const here = caseOn(one, engine);
    const own = table.numbered ? String(i + 1) : uuid(start + i);
    const values = { id: own, ...table.good(i), ...here.row };
    return { ...here, values, legacyId: values.id ?? own };
  });
}

/** JSON as the server prints it: the cases need not know the order of its keys. */
async function printed(client: Client, text: string | null): Promise<string | null> {
  if (text === null || !/^\s*(\[|\{"|\{\})/.test(text)) return text;
  const { rows } = await client.query<{ text: string }>('select $1::jsonb::text as text', [text]);
  return rows[0]?.text ?? null;
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, options: '-c TimeZone=UTC -c DateStyle=ISO' });
  await client.connect();
  return client;
}
