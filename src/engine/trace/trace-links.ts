import type { Client } from 'pg';
import type { ReferenceRule } from '../../plan/model.js';
import { describeTarget } from '../target/describe-target.js';
import { fold, trim } from '../values/text.js';
import { comparableId } from '../values/uuid.js';
import { targetIdText } from './find-hits.js';
import { insertedByTarget } from './find-rows.js';
import type { TraceParts } from './read-source.js';
import type { TracedReferences } from './traced-references.js';
import type { RowName, TracedColumn, TracedLink } from './types.js';

/** Where the references of a row lead: what it names, and which row that is on both sides. */
export async function tracedLinks(
  { client, plan }: TraceParts,
  run: string,
  step: string,
  legacy: RowName,
  columns: readonly TracedColumn[],
  references: TracedReferences,
): Promise<TracedLink[]> {
  const entity = plan.entities.find((candidate) => candidate.step === step);
  const source = entity?.sources.find(({ table }) => table === legacy.table);
  const links: TracedLink[] = [];
  for (const [column, rule] of Object.entries(source?.columns ?? {})) {
    if (rule.kind !== 'reference') continue;
    const traced = columns.find((candidate) => candidate.column === column);
    const valueOf = (name: string | undefined) => {
      const text = trim(traced?.from.find((from) => from.column === name)?.value?.value ?? '');
      return text === '' ? null : text;
    };
    // A row that was not read may still have said what it names: references to its own kind are noted.
    const legacyId =
      valueOf(rule.id) ?? (rule.to === step ? await notedLink(client, run, step, legacy, column) : null);
    const code = valueOf(rule.code);
    const key = traced?.target?.value ?? traced?.expected?.value ?? null;
    links.push({
      column,
      label: rule.label,
      legacyId,
      code,
      by: foundBy(rule, references, legacyId, code),
      ...(await leadsTo({ client, plan }, run, rule, key)),
    });
  }
  return links;
}

function foundBy(
  rule: ReferenceRule,
  references: TracedReferences,
  legacyId: string | null,
  code: string | null,
): TracedLink['by'] {
  const index = references.of(rule.to);
  if (legacyId !== null && index.byLegacyId(comparableId(legacyId)).found) return 'id';
  return code !== null && index.byCode(fold(code)).found ? 'code' : null;
}

async function leadsTo(
  { client, plan }: Pick<TraceParts, 'client' | 'plan'>,
  run: string,
  { to }: ReferenceRule,
  key: string | null,
): Promise<Pick<TracedLink, 'target' | 'legacy'>> {
  const entity = plan.entities.find((candidate) => candidate.step === to);
  const target = entity && (await describeTarget(client, entity.table));
  if (!entity || !target || key === null) return { target: null, legacy: null };
  const [row] = await insertedByTarget(client, { runs: [run], step: to }, target.keyKind, key);
  return {
    target: { table: entity.table, id: targetIdText(target, key) },
    legacy: row ? { table: row.sourceTable, id: row.legacyId } : null,
  };
}

async function notedLink(
  client: Client,
  run: string,
  step: string,
  legacy: RowName,
  column: string,
): Promise<string | null> {
  const { rows } = await client.query<{ other: string }>(
    `select other_legacy_id as other from migration.links
     where run = $1 and step = $2 and legacy_table = $3 and legacy_id = $4 and column_name = $5`,
    [run, step, legacy.table, legacy.id, column],
  );
  return rows[0]?.other ?? null;
}
