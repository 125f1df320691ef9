import type { CurrencyRule } from '../../../plan/model.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { currencyCode } from '../../values/currency.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import { refusal, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';

export function compileCurrency(rule: CurrencyRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  if (typeOfKind(input, rule.kind, 'text').max < 3) throw refusal(input, 'a currency code has three letters');
  const from = alternatives(rule.from, input, {
    emptyIsMissing: true,
    canonical: (text) => text.toUpperCase(),
  });

  const write = (code: string | null, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = code;
    if (code === null) out.null();
    else out.text(code);
  };
  const absent = absentWriter(
    input,
    rule,
    from,
    rule.default === undefined ? undefined : write.bind(null, rule.default),
  );
  if (from.fields.length === 0) return writeAbsent(absent);

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const code = currencyCode(text);
    if (code !== undefined) return write(code, context, out);
    if (!target.nullable || rule.required === true)
      return context.fault(field.name, 'is not an active currency code of ISO 4217');
    context.warn(field.name, 'is not an active currency code of ISO 4217; left empty, the original is kept');
    field.keep(row, context);
    write(null, context, out);
  };

  return withFastPaths(from, input, slow, ({ column, at }) => {
    if (column.kind !== 'text' || wanted) return undefined;
    // There are few of them: a code that was found to be one is not looked up again.
    const known = new Set<number>();
    return (row, context, out) => {
      const { bytes } = row;
      const start = row.start[at] as number;
      if (row.length[at] !== 3) return slow(row, context, out);
      const packed =
        ((bytes[start] as number) << 16) | ((bytes[start + 1] as number) << 8) | (bytes[start + 2] as number);
      if (!known.has(packed)) {
        const text = bytes.toString('latin1', start, start + 3);
        if (currencyCode(text) !== text) return slow(row, context, out);
        known.add(packed);
      }
      out.copy(bytes, start, 3);
    };
  });
}
