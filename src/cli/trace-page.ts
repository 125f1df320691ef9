import type picocolors from 'picocolors';
import { count, wrap } from '../report/format.js';
import type {
  Change,
  Known,
  RowName,
  Trace,
  TracedColumn,
  TracedLink,
  TracedReject,
  TracedRow,
} from '../engine/trace/types.js';

type Colors = ReturnType<typeof picocolors.createColors>;

const width = 80;
/** Where what is said about a row begins. */
const indent = 13;
/** Longer names of columns stay whole and push their values on. */
const longestName = 20;

const changes: Readonly<Record<Change, string>> = {
  'by others': 'somebody has changed the row in the target since',
  'source changed': 'the source has changed since it was read',
  either: 'the row was changed in the target, and rows of its chunk in the source: it may be either',
  neither:
    'neither side was changed since: the value was bent, or the rules or settings are others than those of the run',
  unexplained: 'which side has changed is not recorded',
};

/** The answer as a page of lines that fit 80 columns. */
export function tracePage(trace: Trace, colors: Colors): string[] {
  if (trace.unknown) return unknownLines(trace, trace.unknown);
  return trace.rows.flatMap((row, i) => [
    ...(i === 0 ? [] : ['', '─'.repeat(width), '']),
    ...rowLines(row, colors),
  ]);
}

function unknownLines({ asked }: Trace, unknown: NonNullable<Trace['unknown']>): string[] {
  const { inSource, inTarget, sourceProblem } = unknown;
  const where = asked.run === null ? 'No run' : `The run ${asked.run} does not know`;
  const id = printable(asked.id);
  const first =
    asked.run === null ? `${where} knows ${asked.table} ${id}.` : `${where} ${asked.table} ${id}.`;
  return [
    ...wrap(`❌ ${first}`, width),
    ...inSource.map((table) => `   ${table} of the source has a row of that id: it has not been moved.`),
    ...inTarget.map((table) => `   ${table} of the target has a row of that id: no run has brought it.`),
    ...(inSource.length + inTarget.length === 0 && sourceProblem === null
      ? ['   Neither side has a row of that id now.']
      : []),
    ...(sourceProblem === null
      ? []
      : wrap(`The source could not be asked: ${sourceProblem}`, width - 3).map((line) => `   ${line}`)),
    ...(inSource.length + inTarget.length > 0
      ? []
      : ['   Check the id, and that the table is the right one; rolled back runs have no rows.']),
  ];
}

function rowLines(row: TracedRow, colors: Colors): string[] {
  const { run, chunk, target } = row;
  const differing = row.columns.filter(({ change }) => change !== null);
  return [
    colors.bold(printable(titleOf(row))),
    ...wrap(printable(storyOf(row)), width - 2).map((line) => `  ${line}`),
    '',
    ...about('Run', `${run.run} (${run.state}), started ${time(run.startedAt)}`),
    ...(row.otherRuns.length > 0 ? about('Also in', `runs ${row.otherRuns.join(', ')}`) : []),
    ...(chunk
      ? [
          ...about(
            'Chunk',
            `${chunk.chunk} of range ${chunk.range} of ${chunk.sourceTable}${chunk.kind === 'key' ? '' : ' (out of the quarantine)'}, committed ${time(chunk.committedAt)}`,
          ),
          ...about(
            'Verified',
            chunk.verifiedAt === null
              ? 'not yet'
              : `${time(chunk.verifiedAt)}, ${chunk.differences === 0 || chunk.differences === null ? 'no differences in the chunk' : `${count(chunk.differences)} rows of the chunk differed`}`,
          ),
        ]
      : []),
    ...row.differences.flatMap(({ column, kind, what }) =>
      about('Difference', `${column === null ? '' : `${column}: `}${what} (${kind})`).map(colors.yellow),
    ),
    ...(row.source.why === null ? [] : about('Source', row.source.why).map(colors.yellow)),
    ...(target
      ? about('Target', targetState(row, differing.length)).map(
          differing.length > 0 || !target.present ? colors.yellow : String,
        )
      : []),
    ...row.alsoIn.flatMap(({ rule, ...other }) => about('Holds', `${nameOf(other)} too, merged by ${rule}`)),
    ...(row.decision
      ? about(
          'Decided',
          `${decisionWords(row.decision.kind)} ${nameOf(row.decision)}, by ${row.decision.rule}`,
        )
      : []),
    ...row.duplicates.flatMap((other) => about('Kept out', `${nameOf(other)}, a duplicate of it`)),
    ...row.rejects.flatMap((reject) => about('Quarantine', rejectWords(reject)).map(colors.yellow)),
    ...(row.outcome === 'rejected' ? about('Now', nowWords(row)) : []),
    ...row.warnings.flatMap(({ column, reason }) =>
      about('Warning', `${column}: ${reason}`).map(colors.yellow),
    ),
    ...row.links.flatMap((link) => about('Reference', linkWords(link))),
    ...(row.neededBy ? about('Needed by', neededWords(row.neededBy)) : []),
    ...(row.kept === null ? [] : about('Kept', row.kept)),
    ...columnLines(row, colors),
  ];
}

function titleOf({ legacy, target, step }: TracedRow): string {
  return nameOf(target ?? legacy ?? { table: step, id: '' });
}

function storyOf({ outcome, legacy, target, merged }: TracedRow): string {
  const from = legacy ? nameOf(legacy) : 'a legacy id';
  if (outcome === 'migrated') return `moved from ${from}`;
  if (outcome === 'merged' && merged)
    return `${from} is part of it, merged into ${nameOf(merged.into)} by ${merged.rule}`;
  if (outcome === 'made')
    return `made by the run, for rows that refer to ${legacy ? from : (target?.id ?? 'it')}`;
  return 'rejected: it is not in the target';
}

function targetState({ target, source, outcome, columns }: TracedRow, differing: number): string {
  if (target?.present !== true) return 'the row is not there any more: somebody has deleted it';
  if (differing > 0) return `${differing} of ${columns.length} columns differ from what the rules make now`;
  const changed = target.changedByOthers === true ? 'changed by others since' : '';
  if (outcome === 'made') return changed || 'as the run made it';
  if (source.state !== 'read') return changed || 'not compared';
  return changed
    ? `${changed}, but every value is what the rules make now`
    : 'every value is what the rules make now';
}

function decisionWords(kind: string): string {
  const words: Readonly<Record<string, string>> = {
    duplicate: 'a duplicate of',
    same: 'moves although it is the same as',
    remint: 'gets an id of its own, since its own is taken by',
  };
  return words[kind] ?? kind;
}

function rejectWords({ codes, reason, at, resolvedAt, resolution }: TracedReject): string {
  const settled = resolvedAt === null ? '' : `; ${resolution ?? 'settled'} ${time(resolvedAt)}`;
  return `${codes.join(', ')} ${reason} (${time(at)})${settled}`;
}

function nowWords({ source, faults, decision }: TracedRow): string {
  if (source.state !== 'read') return 'it cannot be said whether it would pass';
  if (faults.length > 0) return faults.map(({ column, reason }) => `${column}: ${reason}`).join('; ');
  return decision?.kind === 'duplicate'
    ? 'its values pass the rules; it stays out as a duplicate'
    : 'its values pass the rules as they are now: retry tries it again';
}

function linkWords({ column, label, legacyId, code, by, target, legacy }: TracedLink): string {
  const named = [legacyId, code].filter((text) => text !== null).join(', ');
  if (target === null)
    return `${column}: ${named === '' ? `names no ${label}` : `${named} leads to no ${label}`}`;
  const origin = legacy ? `, from ${nameOf(legacy)}` : '';
  const how = by === null ? '' : ` by ${by}`;
  return `${column}: ${named === '' ? '' : `${named} → `}${nameOf(target)}${how}${origin}`;
}

function neededWords({ table, column, rows, examples }: NonNullable<TracedRow['neededBy']>): string {
  const named = examples.map(nameOf).join(', ');
  const more = rows > examples.length ? ', …' : '';
  return `${count(rows)} rows of ${table} (${column})${named === '' ? '' : `: ${named}${more}`}`;
}

function columnLines({ columns }: TracedRow, colors: Colors): string[] {
  if (columns.length === 0) return [];
  const nameWidth = Math.min(longestName, Math.max(...columns.map(({ column }) => column.length)));
  const lines = columns.flatMap((column) => [
    ...valueLines(column, nameWidth, colors),
    ...detailLines(column, colors),
  ]);
  return [
    '',
    colors.bold(`  ${'Column'.padEnd(nameWidth)}  Legacy → target, and what became of it`),
    ...lines,
  ];
}

function valueLines(traced: TracedColumn, nameWidth: number, colors: Colors): string[] {
  const { column, target, expected } = traced;
  const name = column.padEnd(nameWidth);
  const room = width - nameWidth - 4;
  const what = becameOf(traced);
  const end = what === '' ? '' : `  ${colors.cyan(what)}`;
  const roomBeforeEnd = room - (what === '' ? 0 : what.length + 2);
  const before = legacyText(traced);
  const now = target ?? expected;
  const one = now === null ? (before ?? shown(null)) : shown(now);
  const isOne = now === null || before === null || before === one;
  const whole = isOne ? one : `${before} → ${one}`;
  const lead = `  ${name}  `;
  if (column.length <= nameWidth && (isOne || length(whole) <= roomBeforeEnd))
    return [`${lead}${cut(whole, roomBeforeEnd)}${end}`];
  const first = isOne ? `  ${column}` : `${lead}${cut(before, width - lead.length)}`;
  return [first, `${' '.repeat(nameWidth + 4)}${cut(isOne ? one : `→ ${one}`, roomBeforeEnd)}${end}`];
}

/** In a word; nothing where there is nothing to say beside what is said about the row. */
function becameOf({ made, change, target, expected }: TracedColumn): string {
  if (change !== null) return 'differs';
  return made === 'not known' && target === null && expected === null ? '' : made;
}

/** What the legacy row says in the columns that fill this one; null where it has no such thing. */
function legacyText({ from, made }: TracedColumn): string | null {
  if (made === 'gathered' || from.length === 0) return null;
  const filled = from.filter(({ value }) => value !== null && (value.value ?? '') !== '');
  if (filled.length > 0) return filled.map(({ value }) => shown(value)).join(', ');
  return from.every(({ value }) => value === null) ? null : shown(from[0]?.value ?? null);
}

function detailLines({ column, rule, from, expected, change }: TracedColumn, colors: Colors): string[] {
  const names = from.map((legacy) => legacy.column).join(', ');
  const said =
    rule === null ? 'no rule writes it' : `${names === '' || names === column ? '' : `${names}: `}${rule}`;
  const lines = wrap(said, width - 6).map((line) => colors.dim(`      ${cut(line, width - 6)}`));
  if (change === null) return lines;
  const value = cut(shown(expected), width - 36);
  return [
    ...lines,
    ...[`the rules make ${value} of it now`, ...wrap(changes[change], width - 6)].map((line) =>
      colors.yellow(`      ${line}`),
    ),
  ];
}

/** A value in one line: texts whose ends could not be seen in quotes. */
function shown(known: Known | null): string {
  if (known === null) return 'not known';
  if (known.value === null) return 'null';
  const text = printable(known.value);
  return text === '' || text.trim() !== text ? `'${text}'` : text;
}

/** `text` under a heading, in as many lines as it needs. */
function about(heading: string, text: string): string[] {
  return wrap(printable(text), width - indent).map(
    (line, i) => `${(i === 0 ? `  ${heading}` : '').padEnd(indent)}${cut(line, width - indent)}`,
  );
}

function nameOf({ table, id }: RowName): string {
  return `${table} ${id}`;
}

/** `2026-01-31 12:00:00 UTC` */
function time(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** Nothing in a value may move the cursor, change colours or turn the direction of writing. */
function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function length(text: string): number {
  return letters(text).length;
}

function cut(text: string, room: number): string {
  const all = letters(text);
  return all.length <= room ? text : `${all.slice(0, Math.max(1, room - 1)).join('')}…`;
}

/** What a reader takes for one letter each, so that none is cut in half. */
function letters(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const segmenter = new Intl.Segmenter();
