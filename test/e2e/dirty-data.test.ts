import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { dirtCatalogue } from '../../src/demo/dirt/catalogue.js';
import { columnsOf, legacyTableNames, type LegacyTable } from '../../src/demo/legacy-tables.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import type { PlantedDirt, SeedSummary } from '../../src/demo/summary.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { finishedRun } from './finished-run.js';

/** Fewer rows would leave some kinds of dirt out: price lists are 3 rows in a thousand. */
const rows = 16_000;

/** Where the target keeps the legacy id of each row that moved. */
const legacyIds: Readonly<Record<LegacyTable, string>> = {
  legacy_customers: `select metadata #>> '{legacy,id}' as id from customers`,
  legacy_suppliers: `select id::text from suppliers where vendor_metadata #>> '{legacy,originalType}' = 'supplier'`,
  legacy_vendors: `
    select vendor_metadata #>> '{legacy,id}' as id
    from suppliers where vendor_metadata #>> '{legacy,originalType}' = 'vendor'`,
  legacy_products: 'select id::text from products',
  legacy_inventory: `select metadata #>> '{legacy,originalInventoryId}' as id from inventory`,
  legacy_price_lists: 'select id::text from price_lists',
  legacy_price_list_items: 'select id::text from price_list_items',
  legacy_upload_history: `select metadata #>> '{legacy,id}' as id from upload_history`,
};

const mergeRules = { code: 'code', 'tax id': 'tax-id', 'email and name': 'email-and-company-name' } as const;

describe('a run over dirty data', () => {
  let environment: RunEnvironment;
  let planted: SeedSummary;
  let status: RunStatus;
  let untouched: object[];

  const target = <Row extends object>(sql: string, values?: unknown[]) =>
    environment.query<Row>('target', sql, values);

  /** Each legacy id with the kind of dirt that was planted in its row. */
  const kindsOf = (table: LegacyTable, outcome: PlantedDirt['expected']['outcome']): Map<string, string> =>
    new Map(
      planted.tables[table].dirt
        .filter((dirt) => dirt.expected.outcome === outcome)
        .flatMap(({ kind, ids }) => ids.map((id) => [id, kind] as const)),
    );

  beforeAll(async () => {
    environment = await createRunEnvironment();
    planted = await seedLegacy({ url: environment.source.url, rows, seed: 11, mostDirtPercent: 50 });
    untouched = await fingerprint(environment.source.url);
    // Nothing may depend on how the servers print or read times.
    for (const side of ['source', 'target'] as const)
      for (const setting of ["timezone to 'Asia/Kathmandu'", "datestyle to 'German'"])
        await environment.query(side, `alter database ${environment[side].name} set ${setting}`);
    status = await finishedRun(environment, { maxErrorRate: 1, alertErrorRate: 1, minQualityScore: 0 });
  }, 120_000);
  afterAll(() => environment.close());

  it('is of all kinds', () => {
    const missing = legacyTableNames.flatMap((table) => {
      const kinds = new Set(planted.tables[table].dirt.map(({ kind }) => kind));
      return dirtCatalogue[table]
        .filter(({ kind }) => !kinds.has(kind))
        .map(({ kind }) => `${table}: ${kind}`);
    });
    expect(missing).toEqual([]);
  });

  it('accounts for every row', () => {
    expect(status.state).toBe('completed');
    for (const step of status.steps) {
      expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
    }
  });

  it.each(legacyTableNames)('rejects what must not move, and nothing else: %s', async (table) => {
    const rejects = await target<{ id: string; code: string; codes: string[] }>(
      'select legacy_id as id, code, codes from migration.rejects where legacy_table = $1',
      [table],
    );
    for (const { code, codes } of rejects) expect(codes).toEqual([code]);
    const kinds = kindsOf(table, 'reject');
    expect(sorted(rejects.map(({ id, code }) => `${id} ${kinds.get(id) ?? 'clean'} ${code}`))).toEqual(
      sorted(
        planted.tables[table].dirt.flatMap(({ kind, expected, ids }) =>
          expected.outcome === 'reject' ? ids.map((id) => `${id} ${kind} ${expected.code}`) : [],
        ),
      ),
    );
  });

  it.each(legacyTableNames)('keeps the rejects of %s whole', async (table) => {
    const columns = columnsOf(table).map(([name]) => `'${name}', ${name}::text`);
    const ids = [...kindsOf(table, 'reject').keys()];
    const originals = await query(
      environment.source.url,
      `select id::text as id, jsonb_build_object(${columns.join(', ')}) as original
       from ${table} where id::text = any($1) order by id::text`,
      [ids],
    );
    expect(originals).toHaveLength(ids.length);
    expect(
      await target(
        'select legacy_id as id, original from migration.rejects where legacy_table = $1 order by legacy_id',
        [table],
      ),
    ).toEqual(originals);
  });

  it.each(legacyTableNames)('moves all others: %s', async (table) => {
    const rejected = kindsOf(table, 'reject');
    const merged = new Set(
      table === 'legacy_vendors' ? planted.sameCompanies.map(({ vendorId }) => vendorId) : [],
    );
    const all = await query<{ id: string }>(environment.source.url, `select id::text as id from ${table}`);
    const wanted = all.map(({ id }) => id).filter((id) => !rejected.has(id) && !merged.has(id));
    const moved = await target<{ id: string }>(legacyIds[table]);
    expect(sorted(moved.map(({ id }) => id))).toEqual(sorted(wanted));
  });

  it.each(legacyTableNames)('warns of what is odd, and of nothing else: %s', async (table) => {
    const warnings = await target<{ id: string; column: string; reason: string }>(
      'select legacy_id as id, column_name as column, reason from migration.warnings where legacy_table = $1',
      [table],
    );
    const wanted = kindsOf(table, 'warning');
    const warned = new Set(warnings.map(({ id }) => id));
    expect([...wanted].filter(([id]) => !warned.has(id))).toEqual([]);

    const unplanned = warnings.filter(({ id }) => !wanted.has(id));
    expect(unplanned.filter(({ column }) => column !== 'phone')).toEqual([]);
    if (unplanned.length === 0) return;
    const phones = await query<{ phone: string }>(
      environment.source.url,
      `select phone from ${table} where id::text = any($1)`,
      [unplanned.map(({ id }) => id)],
    );
    expect(phones).toHaveLength(unplanned.length);
    for (const { phone } of phones) expect(phone).not.toMatch(/^\s*(\+|00)/);
  });

  it('merges the vendors that are a supplier, whole', async () => {
    const same = planted.sameCompanies.map(
      ({ vendorId, supplierId, rule }) => `${vendorId} ${supplierId} ${mergeRules[rule]}`,
    );
    const merges = await target<{ merge: string }>(
      `select concat_ws(' ', legacy_id, target_id, rule) as merge
       from migration.merges where legacy_table = 'legacy_vendors' and target_table = 'suppliers'`,
    );
    expect(sorted(merges.map(({ merge }) => merge))).toEqual(sorted(same));

    const kept = await target<{ supplier: string; vendor: string }>(
      `select s.id as supplier, vendor::text
       from suppliers s cross join jsonb_array_elements(s.vendor_metadata #> '{legacy,mergedVendors}') vendor`,
    );
    const vendors = await query<{ vendor: string }>(
      environment.source.url,
      `select (select jsonb_object_agg(key, value) from jsonb_each(${vendorDocument}) where value <> 'null')::text as vendor
       from legacy_vendors where id = any($1)`,
      [planted.sameCompanies.map(({ vendorId }) => vendorId)],
    );
    expect(sorted(kept.map(({ vendor }) => vendor))).toEqual(sorted(vendors.map(({ vendor }) => vendor)));
    for (const { vendorId, supplierId } of planted.sameCompanies)
      expect(kept.filter(({ vendor }) => vendor.includes(`"id": "${vendorId}"`))).toMatchObject([
        { supplier: supplierId },
      ]);
  });

  it('leaves the source as it was', async () => {
    expect(await fingerprint(environment.source.url)).toEqual(untouched);
  });
});

/** A vendor as it is kept in the supplier it became part of: text trimmed, ids and decimals as strings. */
const trimmed = (column: string): string =>
  `regexp_replace(${column}, '^[[:space:]\u00A0\u3000\uFEFF]+|[[:space:]\u00A0\u3000\uFEFF]+$', '', 'g')`;
const isoTime = (column: string): string =>
  `regexp_replace(replace(${column}::text, ' ', 'T'), '[+]00$', 'Z')`;
const nested = (column: string): string =>
  `case when ${column} is json then ${column}::jsonb else to_jsonb(${trimmed(column)}) end`;
const vendorDocument = `jsonb_build_object(
  'id', ${trimmed('id')}, 'vendorCode', ${trimmed('vendor_code')}, 'companyName', ${trimmed('company_name')},
  'email', ${trimmed('email')}, 'phone', ${trimmed('phone')}, 'website', ${trimmed('website')},
  'addressData', ${nested('address_data')}, 'contactDetails', contact_details::jsonb,
  'paymentTerms', ${nested('payment_terms')}, 'creditLimit', ${trimmed('credit_limit')},
  'taxId', ${trimmed('tax_id')}, 'industry', ${trimmed('industry')},
  'performanceRating', performance_rating::text, 'leadTimeDays', lead_time_days,
  'isActive', ${trimmed('is_active')}, 'vendorType', ${trimmed('vendor_type')},
  'certificationData', ${nested('certification_data')}, 'contractDetails', ${nested('contract_details')},
  'createdAt', ${isoTime('created_at')}, 'updatedAt', ${isoTime('updated_at')})`;

/** The rows of a query whose values print as they do in the quarantine: ISO, UTC. */
async function query<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, options: '-c TimeZone=UTC -c DateStyle=ISO' });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function sorted(lines: readonly string[]): string[] {
  return lines.toSorted();
}

/** Every row of the legacy tables in one sum each. */
function fingerprint(url: string): Promise<object[]> {
  const sums = legacyTableNames.map(
    (table) => `
      select '${table}' as name, count(*)::int as rows, md5(string_agg(t::text, E'\\n' order by id::text collate "C"))
      from ${table} t`,
  );
  return query(url, sums.join(' union all '));
}
