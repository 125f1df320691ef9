import type { Rule } from '../../plan/model.js';
import { compileBoolean } from './rules/boolean.js';
import { compileComputed } from './rules/computed.js';
import { compileConstant } from './rules/constant.js';
import { compileCurrency } from './rules/currency.js';
import { compileDate } from './rules/date.js';
import { compileDecimal } from './rules/decimal.js';
import { compileDocument } from './rules/document.js';
import { compileGenerated } from './rules/generated.js';
import { compileIdentity } from './rules/identity.js';
import { compileInteger } from './rules/integer.js';
import { compileJson } from './rules/json.js';
import { compileKeep } from './rules/keep.js';
import { compileReference } from './rules/reference.js';
import { compileText } from './rules/text.js';
import { compileTimestamp } from './rules/timestamp.js';
import type { ColumnWriter, CompileInput } from './types.js';

/** Makes the writer of one target column. Throws `MigrationError` ERR_002 when rule, columns and types do not fit. */
export function compileRule(rule: Rule, input: CompileInput): ColumnWriter {
  switch (rule.kind) {
    case 'text':
      return compileText(rule, input);
    case 'currency':
      return compileCurrency(rule, input);
    case 'decimal':
      return compileDecimal(rule, input);
    case 'integer':
      return compileInteger(rule, input);
    case 'boolean':
      return compileBoolean(rule, input);
    case 'timestamp':
      return compileTimestamp(rule, input);
    case 'date':
      return compileDate(rule, input);
    case 'json':
      return compileJson(rule, input);
    case 'identity':
      return compileIdentity(rule, input);
    case 'keep':
      return compileKeep(rule, input);
    case 'generated':
      return compileGenerated(rule, input);
    case 'constant':
      return compileConstant(rule, input);
    case 'reference':
      return compileReference(rule, input);
    case 'computed':
      return compileComputed(rule, input);
    case 'document':
      return compileDocument(rule, input);
  }
}
