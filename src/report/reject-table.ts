import { count, wrap } from './format.js';
import type { RejectReason } from './reject-reasons.js';

/** More kinds of rejects than this are a page that nobody reads; the rarest are only counted. */
const mostReasons = 30;

const headings = ['Step', 'Code', 'Rows', 'Reason'] as const;
type Cells = readonly [step: string, code: string, rows: string, reason: string];

/**
 * The rejects by reason as lines of at most `width` characters (where the words allow). Empty when there are none.
 */
export function rejectTable(reasons: readonly RejectReason[], width: number): string[] {
  if (reasons.length === 0) return [];
  const byRows = reasons.toSorted((a, b) => b.rows - a.rows);
  const frequent = new Set(byRows.slice(0, mostReasons));
  const shown = reasons.filter((reason) => frequent.has(reason));
  const cells = shown.map((reason): Cells => [
    reason.step,
    reason.code,
    count(reason.rows),
    reasonOf(reason),
  ]);
  const widthOf = (column: 0 | 1 | 2) => Math.max(...[headings, ...cells].map((line) => line[column].length));
  const [step, code, rows] = [widthOf(0), widthOf(1), widthOf(2)];
  const indent = step + code + rows + 6;
  const lines = [headings, ...cells].flatMap((line) => {
    const [first = '', ...more] = wrap(line[3], Math.max(20, width - indent));
    return [
      `${line[0].padEnd(step)}  ${line[1].padEnd(code)}  ${line[2].padStart(rows)}  ${first}`,
      ...more.map((text) => `${' '.repeat(indent)}${text}`),
    ];
  });
  const hidden = byRows.slice(mostReasons);
  const left = hidden.reduce((sum, reason) => sum + reason.rows, 0);
  return hidden.length === 0
    ? lines
    : [
        ...lines,
        `and ${count(hidden.length)} more reasons for ${count(left)} rows, in migration.rejects of the target`,
      ];
}

/** Reasons that the engine wrote begin with their column; for any other the column is put before. */
function reasonOf({ column, reason }: RejectReason): string {
  return column === null || reason.startsWith(`${column}: `) ? reason : `${column}: ${reason}`;
}
