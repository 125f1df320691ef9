import { locateRow } from '../../../src/engine/postgres/split-rows.js';
import { RawRow, type SourceColumn, type WireKind } from '../../../src/engine/row.js';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { compileTransform, type TransformPlan } from '../../../src/engine/transform/compile.js';
import {
  RowContext,
  type Fault,
  type TargetColumn,
  type TransformSettings,
  type Warning,
} from '../../../src/engine/transform/types.js';
import { parseBoolean } from '../../../src/engine/values/boolean.js';
import { parseDate } from '../../../src/engine/values/date.js';
import { parseDecimal } from '../../../src/engine/values/decimal.js';
import { writeNumeric } from '../../../src/engine/values/pg-numeric.js';
import { parseTimestamp } from '../../../src/engine/values/timestamp.js';
import { uuidBytes } from '../../../src/engine/values/uuid.js';
import { textOf } from '../../../src/engine/values/wire-text.js';
import type { Entity, Rule, Source } from '../../../src/plan/model.js';

/** A legacy value: text as the server prints it, raw bytes, or null. */
export type Cell = string | Buffer | null;

/** `name: kind` for PostgreSQL's binary form, `name: kind/text` for the text that MySQL sends. */
export type Columns = Readonly<Record<string, WireKind | `${WireKind}/text`>>;

export function sourceColumns(columns: Columns): SourceColumn[] {
  return Object.entries(columns).map(([name, form], field) => {
    const [kind, text] = form.split('/') as [WireKind, string | undefined];
    return {
      name,
      type: kind,
      kind,
      encoding: text === undefined ? 'pg-binary' : 'text',
      nullable: true,
      field,
    };
  });
}

export function rawRow(columns: readonly SourceColumn[], cells: Readonly<Record<string, Cell>>): RawRow {
  const out = new TupleWriter(256);
  out.beginRow(columns.length);
  for (const column of columns) writeCell(out, column, cells[column.name] ?? null);
  const row = new RawRow(columns.length);
  locateRow({ bytes: out.bytes, offsets: Int32Array.of(0, out.position), rows: 1 }, 0, row);
  return row;
}

function writeCell(out: TupleWriter, { kind, encoding }: SourceColumn, cell: Cell): void {
  if (cell === null) return out.null();
  if (typeof cell !== 'string') return out.copy(cell, 0, cell.length);
  if (encoding === 'text') return out.text(cell);
  switch (kind) {
    case 'text':
    case 'json':
      return out.text(cell);
    case 'jsonb': {
      const mark = out.beginField();
      out.byte(1);
      out.utf8(cell);
      return out.endField(mark);
    }
    case 'uuid':
      return out.copy(uuidBytes(cell), 0, 16);
    case 'bool':
      return out.bool(parseBoolean(cell) === true);
    case 'int2':
      return out.int16(Number(cell));
    case 'int4':
      return out.int32(Number(cell));
    case 'int8':
      return out.int64(BigInt(cell));
    case 'numeric': {
      if (cell === 'NaN') return out.copy(Buffer.from('00000000c0000000', 'hex'), 0, 8);
      const decimal = parseDecimal(cell);
      if (decimal === undefined) throw new Error(`${cell} is no numeric`);
      return writeNumeric(out, decimal, decimal.fraction.length);
    }
    case 'timestamp':
    case 'timestamptz':
      return out.int64(micros(cell));
    case 'date':
      return out.int32(daysOf(cell));
  }
}

function daysOf(text: string): number {
  const days = parseDate(text);
  if (days === undefined || days === 'zero') throw new Error(`${text} is no date`);
  return days;
}

function micros(text: string): bigint {
  const time = parseTimestamp(text);
  if (time === undefined || time.kind === 'zero') throw new Error(`${text} is no time`);
  return time.micros;
}

/** Target columns by name: `integer`, or `integer!` for one that may not be null. */
export function targetColumns(columns: Readonly<Record<string, string>>): TargetColumn[] {
  return Object.entries(columns).map(([name, type]) => ({
    name,
    type: type.replace('!', ''),
    nullable: !type.endsWith('!'),
  }));
}

export const settings: TransformSettings = {
  runStartMicros: 1_000_000n,
  runStartIso: '2000-01-01T00:00:01.000Z',
  sourceTimeZone: 'UTC',
  defaultCountry: undefined,
  ignoredTaxIds: [],
};

export interface Outcome {
  /** the tuple as the target would print it; undefined when the row was rejected */
  readonly row: Record<string, string | null> | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
  readonly leftovers: unknown;
  readonly context: RowContext;
  /** the tuple's bytes */
  readonly bytes: string;
}

export interface Setup {
  readonly columns: Columns;
  readonly target: Readonly<Record<string, string>>;
  readonly rules: Readonly<Record<string, Rule>>;
  readonly source?: Partial<Source>;
  readonly entity?: Partial<Entity>;
  readonly plan?: Partial<TransformPlan>;
}

export function planOf({ columns, target, rules, source, entity, plan }: Setup): TransformPlan {
  const [firstColumn = ''] = Object.keys(columns);
  const [firstTarget = ''] = Object.keys(target);
  const whole: Source = { table: 'legacy_things', columns: rules, ...source };
  return {
    entity: {
      step: 'things',
      table: 'things',
      label: 'things',
      dependsOn: [],
      key: [firstTarget],
      sources: [whole],
      ...entity,
    },
    source: whole,
    sourceColumns: sourceColumns(columns),
    sourceKey: [firstColumn],
    targetColumns: targetColumns(target),
    settings,
    references: () => ({ byLegacyId: () => ({ found: false }), byCode: () => ({ found: false }) }),
    ...plan,
  };
}

/** Makes a function that moves one row and shows all that came of it. The first column is the key on both sides. */
export function mover(
  setup: Setup,
): (cells: Readonly<Record<string, Cell>>, prepare?: (context: RowContext) => void) => Outcome {
  const plan = planOf(setup);
  const transform = compileTransform(plan);
  const shown = transform.columns.map((name, field): SourceColumn => {
    const type = plan.targetColumns.find((column) => column.name === name)?.type ?? '';
    return { name, type, kind: kindOf(type), encoding: 'pg-binary', nullable: true, field };
  });
  return (cells, prepare) => {
    const context = new RowContext();
    prepare?.(context);
    const out = new TupleWriter(64);
    const before = 'before';
    out.text(before);
    const start = out.position;
    const written = transform.apply(rawRow(plan.sourceColumns, cells), context, out);
    if (!written && out.position !== start) throw new Error('a rejected row left bytes behind');
    const bytes = out.bytes.toString('hex', start, out.position);
    return {
      row: written ? printed(Buffer.from(bytes, 'hex'), shown) : undefined,
      faults: [...context.faults],
      warnings: [...context.warnings],
      leftovers: context.leftovers === null ? null : (JSON.parse(context.leftovers) as unknown),
      context,
      bytes,
    };
  };
}

function printed(bytes: Buffer, columns: readonly SourceColumn[]): Record<string, string | null> {
  const row = new RawRow(columns.length);
  locateRow({ bytes, offsets: Int32Array.of(0, bytes.length), rows: 1 }, 0, row);
  return Object.fromEntries(columns.map((column) => [column.name, textOf(column)(row)]));
}

function kindOf(type: string): WireKind {
  if (type.startsWith('numeric')) return 'numeric';
  if (type.startsWith('timestamp')) return 'timestamptz';
  const kinds: Readonly<Record<string, WireKind>> = {
    uuid: 'uuid',
    integer: 'int4',
    bigint: 'int8',
    smallint: 'int2',
    boolean: 'bool',
    date: 'date',
    jsonb: 'jsonb',
    json: 'json',
  };
  return kinds[type] ?? 'text';
}
