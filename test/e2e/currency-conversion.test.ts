import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { finishedRun } from './finished-run.js';

const legacy = `
  create table legacy_suppliers (id integer primary key, supplier_code text, company_name text, email text);
  create table legacy_vendors (id integer primary key, vendor_code text, company_name text, email text);
  create table legacy_products (id integer primary key, sku text, name text);
  create table legacy_price_lists (
    id integer primary key, supplier_id integer, name text, effective_date date, currencies_supported text);
  create table legacy_price_list_items (
    id integer primary key, price_list_id integer, sku text, unit_price numeric, currency text, tier_pricing text);
  insert into legacy_suppliers values (1, 'SUP-1', 'Supplier', 'a@b.example');
  insert into legacy_products values (1, 'SKU', 'Thing');
  insert into legacy_price_lists values
    (1, 1, 'Dollars', '2025-01-01', '["USD", "CHF"]'), (2, 1, 'Euros', '2025-01-01', '["EUR"]'),
    (3, 1, 'None', '2025-01-01', '[]'), (4, 1, 'By default', '2025-01-01', null);
  insert into legacy_price_list_items values
    (1, 1, 'SKU', 12.50, 'EUR', '[{"min_qty": "10", "price": "9.50", "discount": 5}]'),
    (2, 1, 'SKU', 12.50, 'CHF', null), (3, 1, 'SKU', 12.50, null, null),
    (4, 1, 'SKU', 0.00003, 'JPY', null), (5, 1, 'SKU', 1, 'CAD', null),
    (6, 2, 'SKU', 1.00005, 'USD', null), (7, 2, 'SKU', 1, 'EUR', null),
    (8, 3, 'SKU', 1, 'EUR', null), (9, 4, 'SKU', 1, 'eur', null),
    (10, 1, 'SKU', 9999999999, 'KWD', null), (11, 1, 'SKU', 3, 'XXQ', null)`;

const rates = {
  EUR: { USD: '1.0842' },
  USD: { EUR: '0.5' },
  JPY: { USD: '0.5' },
  KWD: { USD: '3.25' },
};

/** The rows that the legacy ids lead to, with what is kept of them. */
const items = `
  select k.legacy as id, unit_price as price, i.currency, i.tier_pricing::text as tiers, k.kept
  from migration.lineage l
  cross join lateral unnest(l.target_uuids, l.legacy_keys, l.kept) k(target, legacy, kept)
  join price_list_items i on i.id = k.target
  where l.step = 'price-list-items' order by k.legacy::int`;

describe('price list items with exchange rates', () => {
  let folder: string;
  let environment: RunEnvironment;
  let status: RunStatus;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-rates-'));
    const file = path.join(folder, 'rates.json');
    await writeFile(file, JSON.stringify(rates));
    environment = await createRunEnvironment({ MIGRATION_EXCHANGE_RATES: file });
    await environment.query('source', legacy);
    status = await finishedRun(environment, {
      tables: ['price-list-items'],
      backup: false,
      maxErrorRate: 1,
      alertErrorRate: 1,
      minQualityScore: 0,
    });
  }, 60_000);
  afterAll(async () => {
    await environment.close();
    await rm(folder, { recursive: true });
  });

  it('are converted into the currency of their list, and the originals are kept', async () => {
    const unchanged = (id: string, price: string, currency: string | null, kept: object = {}) => ({
      id,
      price,
      currency,
      tiers: '[]',
      kept: { id, ...kept },
    });
    expect(await environment.query('target', items)).toEqual([
      {
        id: '1',
        price: '13.55250',
        currency: 'USD',
        tiers: '[{"price": 10.2999, "minQty": 10, "discount": 5}]',
        kept: {
          id: '1',
          currency: 'EUR',
          unitPrice: '12.50',
          tierPricing: [{ min_qty: '10', price: '9.50', discount: 5 }],
        },
      },
      unchanged('2', '12.50000', 'CHF'),
      unchanged('3', '12.50000', 'USD'),
      unchanged('4', '0.00002', 'USD', { currency: 'JPY', unitPrice: '0.00003' }),
      unchanged('5', '1.00000', 'CAD'),
      unchanged('6', '0.50003', 'EUR', { currency: 'USD', unitPrice: '1.00005' }),
      unchanged('7', '1.00000', 'EUR'),
      unchanged('8', '1.00000', 'EUR'),
      unchanged('9', '1.08420', 'USD', { currency: 'eur', unitPrice: '1' }),
      unchanged('11', '3.00000', null, { currency: 'XXQ' }),
    ]);
  });

  it('are warned about where there is no rate, and rejected where the result does not fit', async () => {
    expect(
      await environment.query(
        'target',
        `select legacy_id as id, column_name as "column" from migration.warnings
         where step = 'price-list-items' and column_name = 'currency' order by legacy_id::int`,
      ),
    ).toEqual(['5', '8', '11'].map((id) => ({ id, column: 'currency' })));
    expect(
      await environment.query(
        'target',
        `select legacy_id as id, code, column_name as "column" from migration.rejects`,
      ),
    ).toEqual([{ id: '10', code: 'ERR_003', column: 'unit_price' }]);
  });

  it('are verified without a difference', () => {
    const step = status.steps.find(({ step: name }) => name === 'price-list-items');
    expect(status.state).toBe('completed');
    expect(step).toMatchObject({ read: 11, migrated: 10, rejected: 1, differences: 0 });
  });
});
