import {
  JsonNumber,
  JsonObject,
  type CurrencyConversion,
  type JsonValue,
  type Rule,
} from '../../plan/model.js';
import type { RawRow } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import { canonicalDecimal, decimalMisfit, parseDecimal, unitsOf, type Decimal } from '../values/decimal.js';
import { exchange, type ExchangeRates } from '../values/exchange.js';
import { JsonFault, parseJson } from '../values/json-parse.js';
import { jsonString, jsonText } from '../values/json-text.js';
import { numericText, writeNumeric } from '../values/pg-numeric.js';
import { alternatives } from './alternatives.js';
import { documentText } from './document-value.js';
import { camelCase } from './leftover-keys.js';
import { refusal, typeOfKind } from './refuse.js';
import { writeJson } from './rules/json.js';
import { fieldText } from './target-key.js';
import { RowContext, type ColumnWriter, type CompileInput } from './types.js';

/** A conversion that takes place. */
export interface Conversion {
  /** the columns that it reads or changes: they must be written one behind the other, in this order */
  readonly columns: readonly string[];
  /** the writer of a column with its part in the conversion */
  converting(column: string, writer: ColumnWriter): ColumnWriter;
}

interface Column {
  readonly rule: Rule;
  readonly input: CompileInput;
}
type ColumnOf<K extends Rule['kind']> = Column & { readonly rule: Extract<Rule, { kind: K }> };

/** What a row's amounts are converted by: the new currency, and what one unit of the old one comes to in it. */
interface Exchange {
  readonly currency: string;
  readonly rate: Decimal;
}

/** Writes the converted form of a field of the tuple, which is not null, and keeps the original. */
type FieldConverter = (
  field: Buffer,
  into: Exchange,
  row: RawRow,
  context: RowContext,
  out: TupleWriter,
) => void;

/**
 * Converts the amounts of a row as `CurrencyConversion` says: exactly, then rounded half away from zero to the scale of
 * the column's rule; amounts in documents to that of the first amount column. A result that does not fit the precision of
 * its column is a fault. The originals are kept among the leftovers, each under the key of its legacy column.
 *
 * Undefined, so that nothing is done for any row, without rates and where the parents' currencies are not loaded.
 */
export function compileConversion(
  conversion: CurrencyConversion | undefined,
  exchangeRates: ExchangeRates | undefined,
  columns: ReadonlyMap<string, Column>,
): Conversion | undefined {
  if (conversion === undefined || exchangeRates === undefined) return undefined;
  const { amounts, inDocuments = {} } = conversion;
  const parent = columnOf(columns, conversion.parent.reference, 'reference');
  if (parent.rule.to === parent.input.step)
    throw refusal(parent.input, 'amounts are converted by a parent that is another entity');
  const index = parent.input.references(parent.rule.to);
  if (index.currenciesOf === undefined) return undefined;

  const { label } = parent.rule;
  const currency = columnOf(columns, conversion.currency, 'currency');
  const amountColumns = amounts.map((name) => columnOf(columns, name, 'decimal'));
  const documents = Object.entries(inDocuments).map(([name, key]) =>
    convertDocument(columnOf(columns, name, 'json'), key, amountColumns[0]?.rule.scale, label),
  );
  const converters = [
    convertCurrency(currency),
    ...amountColumns.map((column) => convertAmount(column, label)),
    ...documents,
  ];
  const names = [conversion.parent.reference, conversion.currency, ...amounts, ...Object.keys(inDocuments)];
  const currencyColumn = legacyColumn(currency);
  const rates = parsedRates(exchangeRates);
  let start = 0;

  /** The exchange of the row whose parent and currency stand in the tuple; undefined when it stays as it is. */
  function exchangeOf(key: string, code: string, context: RowContext): Exchange | undefined {
    const listed = index.currenciesOf?.(key) ?? [];
    if (listed.includes(code)) return undefined;
    const [first] = listed;
    const rate = first === undefined ? undefined : rates.get(`${code} ${first}`);
    if (first !== undefined && rate !== undefined) return { currency: first, rate };
    const why =
      first === undefined
        ? `its ${label} lists no currency`
        : `its ${label} does not list the currency, and there is no exchange rate into the first that it lists`;
    context.warn(currencyColumn, `is not converted: ${why}`);
    return undefined;
  }

  /** `start` is where the parent's field begins; the fields to convert follow it up to the end. */
  function convert(row: RawRow, context: RowContext, out: TupleWriter): void {
    const from = endOfField(out.bytes, start);
    if (isNull(out.bytes, start) || isNull(out.bytes, from)) return;
    const code = out.bytes.toString('latin1', from + 4, endOfField(out.bytes, from));
    const into = exchangeOf(fieldText(out.bytes, start, parent.input.type), code, context);
    if (into === undefined) return;
    const fields = Buffer.from(out.bytes.subarray(from, out.position));
    out.position = from;
    let at = 0;
    for (const converter of converters) {
      const end = endOfField(fields, at);
      if (isNull(fields, at)) out.null();
      else converter(fields.subarray(at + 4, end), into, row, context, out);
      at = end;
    }
  }

  return {
    columns: names,
    converting(name, writer) {
      if (name === names[0])
        return (row, context, out) => {
          start = out.position;
          writer(row, context, out);
        };
      if (name !== names.at(-1)) return writer;
      return (row, context, out) => {
        writer(row, context, out);
        // After a fault the fields are not all there, and the row does not move.
        if (context.faults.length === 0) convert(row, context, out);
      };
    },
  };
}

function columnOf<K extends Rule['kind']>(
  columns: ReadonlyMap<string, Column>,
  name: string,
  kind: K,
): ColumnOf<K> {
  const column = columns.get(name);
  if (column === undefined) throw new Error(`no rule writes ${name}, which a conversion of currencies needs`);
  const { rule, input } = column;
  if (rule.kind !== kind) throw refusal(input, `the conversion of currencies needs a rule of kind ${kind}`);
  if (kind !== 'reference' && input.isKey) throw refusal(input, 'a key cannot be converted');
  return column as ColumnOf<K>;
}

function parsedRates(configured: ExchangeRates): ReadonlyMap<string, Decimal> {
  const rates = new Map<string, Decimal>();
  for (const [from, row] of Object.entries(configured))
    for (const [to, text] of Object.entries(row)) {
      const rate = parseDecimal(text);
      if (rate === undefined) throw new Error(`the exchange rate from ${from} to ${to} is no decimal number`);
      rates.set(`${from} ${to}`, rate);
    }
  return rates;
}

function convertCurrency(column: ColumnOf<'currency'>): FieldConverter {
  const { target, wanted } = column.input;
  const keep = originalKeeper(column);
  return (field, { currency }, row, context, out) => {
    keep(row, context, jsonString(field.toString()));
    out.text(currency);
    if (wanted) context.values[target.name] = currency;
  };
}

function convertAmount(column: ColumnOf<'decimal'>, label: string): FieldConverter {
  const { target, wanted } = column.input;
  const { precision, scale } = column.rule;
  const shownScale = typeOfKind(column.input, 'decimal', 'numeric').scale ?? scale;
  const keep = originalKeeper(column);
  const legacy = legacyColumn(column);
  return (field, { rate }, row, context, out) => {
    const original = numericText(field, 0);
    const value = exchange(parseDecimal(original) as Decimal, rate, scale);
    const why = decimalMisfit(value, precision, scale);
    if (why !== undefined)
      return context.fault(legacy, `${why} when it is converted into the currency of its ${label}`);
    keep(row, context, jsonString(original));
    writeNumeric(out, value, shownScale);
    if (wanted) context.values[target.name] = unitsOf(value, precision, scale);
  };
}

function convertDocument(
  column: ColumnOf<'json'>,
  key: string,
  scale: number | undefined,
  label: string,
): FieldConverter {
  const { input } = column;
  if (scale === undefined)
    throw refusal(
      input,
      'amounts in documents are rounded as those of a column, and the conversion names none',
    );
  const { binary } = typeOfKind(input, 'json', 'json');
  const keep = originalKeeper(column);
  const legacy = legacyColumn(column);
  return (field, { rate }, row, context, out) => {
    const original = field.toString('utf8', binary ? 1 : 0);
    let json: string;
    try {
      json = jsonText(withAmounts(parseJson(original), key, (amount) => exchange(amount, rate, scale)));
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      return context.fault(
        legacy,
        `${error.message}, so it cannot be converted into the currency of its ${label}`,
      );
    }
    if (json !== original) keep(row, context, original);
    writeJson(out, json, binary);
    if (input.wanted) context.values[input.target.name] = json;
  };
}

/** The document with every amount changed; one that is missing or null stays so. Throws `JsonFault`. */
function withAmounts(document: JsonValue, key: string, change: (amount: Decimal) => Decimal): JsonValue {
  if (document === null) return null;
  if (!Array.isArray(document)) throw new JsonFault('is not an array of objects');
  return document.map((item) => {
    if (!(item instanceof JsonObject)) throw new JsonFault('is not an array of objects');
    return new JsonObject(
      item.entries.map(([name, value]) => [name, name === key ? changed(value, change) : value]),
    );
  });
}

function changed(value: JsonValue, change: (amount: Decimal) => Decimal): JsonValue {
  if (value === null) return null;
  const text = value instanceof JsonNumber ? value.text : typeof value === 'string' ? value : '';
  const amount = parseDecimal(text);
  if (amount === undefined) throw new JsonFault('has an amount that is not a decimal number');
  const result = canonicalDecimal(change(amount));
  return typeof value === 'string' ? result : new JsonNumber(result);
}

/**
 * Keeps what the legacy row says, under the key of the column that says it; `taken` (JSON text), where it says nothing
 * and the rule's default was converted.
 */
function originalKeeper(
  column: ColumnOf<'currency' | 'decimal' | 'json'>,
): (row: RawRow, context: RowContext, taken: string) => void {
  const { rule, input } = column;
  const from = alternatives(rule.from, input, { emptyIsMissing: true });
  const as = rule.kind === 'json' ? 'json' : 'plain';
  const readers = new Map(
    from.fields.map((field) => [
      field,
      documentText(field.column, (row, context) => field.exactText(row, context), as),
    ]),
  );
  const ownKey = from.fields[0]?.key ?? freeKey(input);
  // The rule has told all that there is to tell about the legacy values: it must not be told twice.
  const aside = new RowContext();
  return (row, context, taken) => {
    aside.reset();
    const picked = from.pick(row, aside);
    const json = picked?.text == null ? null : readers.get(picked.field)?.(row, aside);
    if (picked === undefined || json === null || json === undefined) context.keep(ownKey, taken);
    else context.keep(picked.field.key, json);
  };
}

/** A key for the default of a column that the legacy table does not have. */
function freeKey({ target, leftoverKeys }: CompileInput): string {
  const used = new Set(leftoverKeys.values());
  let key = camelCase(target.name);
  while (used.has(key)) key = `${key}_`;
  return key;
}

/** The legacy column that findings name: the first of the rule's that exists. */
function legacyColumn({ rule, input }: ColumnOf<'currency' | 'decimal' | 'json'>): string {
  return [rule.from].flat().find((name) => input.source.has(name)) ?? input.target.name;
}

function isNull(bytes: Buffer, at: number): boolean {
  return bytes.readInt32BE(at) === -1;
}

/** Where the field that begins at `at` with its length ends. */
function endOfField(bytes: Buffer, at: number): number {
  return at + 4 + Math.max(0, bytes.readInt32BE(at));
}
