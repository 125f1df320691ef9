/** Changes of a legacy database in use, of every kind that a catch-up must follow; the same for the same seed. */
import { columnsOf, type LegacyTable } from '../../../src/demo/legacy-tables.js';

/** One connection to a legacy database of either dialect. */
export interface LegacyOwner {
  /** tables whose ids are the bytes of UUIDs */
  readonly binaryIds?: readonly LegacyTable[];
  /** ids and codes are texts */
  query(sql: string): Promise<Record<string, string | number | null>[]>;
}

export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 up to before `below` */
  int(below: number): number {
    // xorshift32: https://www.jstatsoft.org/article/view/v008i14
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  uuid(): string {
    const hex = (digits: number) => Array.from({ length: digits }, () => this.int(16).toString(16)).join('');
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  }
}

export class SourceChanges {
  readonly #owner: LegacyOwner;
  readonly #chance: Chance;
  #serial: number;

  constructor(owner: LegacyOwner, seed: number) {
    this.#owner = owner;
    this.#chance = new Chance(seed);
    this.#serial = 10_000_000 + seed * 10_000;
  }

  async all(): Promise<void> {
    await this.customers();
    await this.suppliers();
    await this.products();
    await this.inventory();
    await this.priceLists();
    await this.items();
  }

  async customers(): Promise<void> {
    const table = 'legacy_customers';
    const [first, last, low] = await this.#edges(table);
    await this.#set(table, await this.some(table, 8), `company_name = 'Changed GmbH'`);
    await this.#set(table, await this.some(table, 2), `email = 'not an address'`);
    await this.#set(
      table,
      await this.some(table, 6),
      `email = 'mended@example.com', customer_code = 'MENDED-$id'`,
    );
    await this.#delete(table, [...(await this.some(table, 5)), first, last]);
    await this.#swap(table, 'customer_code');
    await this.#recreate(table, 'customer_code', () => String(this.#serial++));
    const [model] = await this.some(table, 1);
    await this.clone(table, model, String(Number(low) - 7), {
      customer_code: `'NEW-BEFORE-${this.#serial++}'`,
    });
    await this.clone(table, model, String(this.#serial++), {
      customer_code: `'NEW-BEHIND-${this.#serial}'`,
    });
    // Duplicates: a later one, an earlier one that wins over the row that is in, and one in another case.
    await this.clone(table, model, String(this.#serial++), { created_at: `'2031-01-01 00:00:00'` });
    const [other] = await this.some(table, 1);
    await this.clone(table, other, String(this.#serial++), {
      created_at: `'1999-01-01 00:00:00'`,
      customer_code: 'lower(customer_code)',
    });
    // A gap between two keys is filled.
    const [hole] = await this.some(table, 1);
    await this.#delete(table, [hole as string]);
    await this.clone(table, model, hole as string, { customer_code: `'FILLED-${this.#serial++}'` });
  }

  async suppliers(): Promise<void> {
    const [suppliers, vendors] = ['legacy_suppliers', 'legacy_vendors'] as const;
    await this.#set(suppliers, await this.some(suppliers, 4), `company_name = 'Changed Ltd'`);
    await this.#set(suppliers, await this.some(suppliers, 1), `supplier_code = ''`);
    await this.#set(suppliers, await this.some(suppliers, 1), `supplier_code = 'RENAMED-${this.#serial++}'`);
    await this.#delete(suppliers, await this.some(suppliers, 3));
    await this.#swap(suppliers, 'supplier_code');
    await this.#recreate(suppliers, 'supplier_code', () => this.#chance.uuid());
    const [model] = await this.some(suppliers, 1);
    for (let i = 0; i < 5; i++)
      await this.clone(suppliers, model, this.#chance.uuid(), {
        supplier_code: `'NEW-SUP-${this.#serial++}'`,
        tax_id: 'null',
        email: `'new${this.#serial}@example.com'`,
      });
    // Vendors that become, or are no longer, the same company as a supplier; and one whose code a supplier takes.
    const [host] = await this.#owner.query(
      `select supplier_code as code from legacy_suppliers where supplier_code is not null and supplier_code <> '' order by id`,
    );
    await this.#set(vendors, await this.some(vendors, 1), `vendor_code = ${literal(host?.['code'])}`);
    await this.#set(
      vendors,
      await this.some(vendors, 3),
      `company_name = 'Another vendor', vendor_code = 'VEN-$id', tax_id = null`,
    );
    const [taken] = await this.some(vendors, 1);
    const [row] = await this.#owner.query(
      `select vendor_code as code from legacy_vendors where id = '${taken}'`,
    );
    await this.clone(suppliers, model, this.#chance.uuid(), {
      supplier_code: row?.['code'] ? literal(row['code']) : `'TAKEN-${this.#serial++}'`,
      email: `'taken${this.#serial}@example.com'`,
    });
    await this.#delete(vendors, await this.some(vendors, 2));
    await this.clone(vendors, (await this.some(vendors, 1))[0], `vendor-new-${this.#serial++}`, {
      vendor_code: `'NEW-VEN-${this.#serial}'`,
      tax_id: 'null',
      email: `'vendor${this.#serial}@example.com'`,
    });
  }

  async products(): Promise<void> {
    const table = 'legacy_products';
    await this.#set(table, await this.some(table, 10), `name = 'Changed thing'`);
    await this.#set(table, await this.some(table, 2), `sku = ''`);
    await this.#set(table, await this.some(table, 2), `supplier_id = '999999', supplier_code = null`);
    await this.#delete(table, await this.some(table, 4));
    await this.#swap(table, 'sku');
    await this.#recreate(table, 'sku', () => this.#chance.uuid());
    const [model] = await this.some(table, 1);
    // Several between two borders.
    for (let i = 0; i < 8; i++)
      await this.clone(table, model, this.#chance.uuid(), { sku: `'NEW-SKU-${this.#serial++}'` });
    await this.clone(table, model, this.#chance.uuid(), { created_at: `'1999-01-01 00:00:00'` });
  }

  async inventory(): Promise<void> {
    const table = 'legacy_inventory';
    await this.#set(table, await this.some(table, 6), `warehouse_id = 'WH-NEW-${this.#chance.int(3)}'`);
    await this.#set(table, await this.some(table, 3), `quantity_on_hand = -5`);
    await this.#set(
      table,
      await this.some(table, 3),
      `quantity_on_hand = 7, quantity_reserved = 1, quantity_available = 6`,
    );
    await this.#delete(table, await this.some(table, 5));
    const [gone] = await this.#owner.query(
      `select warehouse_id as id from ${table} where warehouse_id is not null order by id`,
    );
    await this.#owner.query(`delete from ${table} where warehouse_id = '${String(gone?.['id'])}'`);
    for (const model of await this.some(table, 3)) await this.clone(table, model, String(this.#serial++), {});
  }

  async priceLists(): Promise<void> {
    const table = 'legacy_price_lists';
    await this.#set(table, await this.some(table, 3), `name = 'Changed list', item_count = 3`);
    await this.#set(table, await this.some(table, 1), `effective_date = null`);
    const [parent] = await this.some(table, 1);
    await this.#set(table, await this.some(table, 3), `parent_price_list_id = '${parent}'`);
    await this.#set(table, await this.some(table, 1), `parent_price_list_id = '${this.#chance.uuid()}'`);
    await this.#set(table, await this.some(table, 2), `parent_price_list_id = null`);
    await this.#delete(table, await this.some(table, 1));
    const [model] = await this.some(table, 1);
    for (let i = 0; i < 2; i++)
      await this.clone(table, model, this.#chance.uuid(), { parent_price_list_id: `'${parent}'` });
  }

  async items(): Promise<void> {
    const table = 'legacy_price_list_items';
    await this.#set(table, await this.some(table, 12), `description = 'changed', line_note = 'kept'`);
    await this.#set(table, await this.some(table, 3), `unit_price = -1`);
    await this.#set(table, await this.some(table, 3), `sku = 'NO-SUCH-SKU'`);
    await this.#delete(table, await this.some(table, 9));
    for (const model of await this.some(table, 4)) await this.clone(table, model, this.#chance.uuid(), {});
    const [list] = await this.some('legacy_price_lists', 1);
    await this.#owner.query(`delete from ${table} where price_list_id = '${list}'`);
  }

  /** Ids of rows, at random. */
  async some(table: LegacyTable, count: number): Promise<string[]> {
    const id = this.#owner.binaryIds?.includes(table) ? 'lower(hex(id)) as id' : 'id';
    const rows = await this.#owner.query(`select ${id} from ${table} order by 1`);
    const ids = rows.map((row) => String(row['id']));
    const picked = new Set<string>();
    for (let tries = 0; picked.size < Math.min(count, ids.length) && tries < 100; tries++)
      picked.add(ids[this.#chance.int(ids.length)] as string);
    return [...picked];
  }

  async #edges(table: LegacyTable): Promise<[first: string, last: string, low: string]> {
    const [row] = await this.#owner.query(`select min(id) as low, max(id) as high from ${table}`);
    return [String(row?.['low']), String(row?.['high']), String(row?.['low'])];
  }

  #id(table: LegacyTable, id: string): string {
    return this.#owner.binaryIds?.includes(table) ? `x'${id.replaceAll('-', '')}'` : `'${id}'`;
  }

  /** `$id` in the assignments is the row's own. */
  async #set(table: LegacyTable, ids: readonly string[], assignments: string): Promise<void> {
    for (const id of ids)
      await this.#owner.query(
        `update ${table} set ${assignments.replaceAll('$id', id)} where id = ${this.#id(table, id)}`,
      );
  }

  async #delete(table: LegacyTable, ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#owner.query(`delete from ${table} where id = ${this.#id(table, id)}`);
  }

  /** Two rows exchange what must be unique. */
  async #swap(table: LegacyTable, column: string): Promise<void> {
    const ids = await this.some(table, 2);
    const values: (string | number | null | undefined)[] = [];
    for (const id of ids) {
      const [row] = await this.#owner.query(`select ${column} as value from ${table} where id = '${id}'`);
      values.push(row?.['value']);
    }
    for (const [i, id] of ids.toReversed().entries()) {
      await this.#owner.query(`update ${table} set ${column} = ${literal(values[i])} where id = '${id}'`);
    }
  }

  /** A row goes, and comes again under another id. */
  async #recreate(table: LegacyTable, column: string, newId: () => string): Promise<void> {
    for (const id of await this.some(table, 2)) {
      await this.clone(table, id, newId(), { [column]: column });
      await this.#delete(table, [id]);
    }
  }

  async clone(
    table: LegacyTable,
    from: string | undefined,
    id: string,
    over: Readonly<Record<string, string>>,
  ): Promise<void> {
    const columns: string[] = columnsOf(table).map(([name]) => name);
    const values = columns.map((name) => (name === 'id' ? this.#id(table, id) : (over[name] ?? name)));
    await this.#owner.query(
      `insert into ${table} (${columns.join(', ')}) select ${values.join(', ')} from ${table} where id = ${this.#id(table, from ?? '')}`,
    );
  }
}

function literal(value: string | number | null | undefined): string {
  return value === null || value === undefined ? 'null' : `'${String(value).replaceAll("'", "''")}'`;
}
