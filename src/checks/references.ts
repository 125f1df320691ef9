import { quoteIdent, quoteTable } from '../store/quote.js';
import type { CheckContext, CheckOutcome } from './types.js';

interface ForeignKey {
  name: string;
  child: string;
  childColumns: string[];
  parent: string;
  parentColumns: string[];
  validated: boolean;
}

const foreignKeys = `
  select k.conname as name, k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent, k.convalidated as validated,
    (select array_agg(a.attname::text order by c.n) from unnest(k.conkey) with ordinality c(attnum, n)
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum) as "childColumns",
    (select array_agg(a.attname::text order by c.n) from unnest(k.confkey) with ordinality c(attnum, n)
       join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.attnum) as "parentColumns"
  from pg_constraint k where k.contype = 'f' and k.conrelid = any($1::regclass[]) order by 2, 1`;

/** Every foreign key of the plan's tables, counted row by row and not believed; and every soft reference. */
export async function checkReferences({
  plan,
  entities,
  target,
  progress,
}: CheckContext): Promise<CheckOutcome[]> {
  const { rows } = await target.query<ForeignKey>(foreignKeys, [
    entities.map((entity) => quoteTable(entity.table)),
  ]);
  const outcomes: CheckOutcome[] = [];
  for (const [done, key] of rows.entries()) {
    progress(done, rows.length);
    const columns = key.childColumns.map(quoteIdent);
    const orphans = await target.query<{ looked: string; failed: string }>(
      `select count(*) as looked, count(*) filter (where p.found is null) as failed
       from ${key.child} c left join (select true as found, ${key.parentColumns.map((name, i) => `${quoteIdent(name)} as k${i}`).join(', ')} from ${key.parent}) p
         on ${columns.map((column, i) => `p.k${i} = c.${column}`).join(' and ')}
       where ${columns.map((column) => `c.${column} is not null`).join(' and ')}`,
    );
    outcomes.push({
      check: `foreign-key:${key.name}`,
      title: `${key.child} refer to ${key.parent} (${key.childColumns.join(', ')})`,
      severity: 'error',
      looked: Number(orphans.rows[0]?.looked),
      failed: Number(orphans.rows[0]?.failed) + (key.validated ? 0 : 1),
      examples: [],
    });
  }
  for (const entity of entities)
    for (const soft of entity.softReferences ?? []) {
      const other = plan.entities.find((candidate) => candidate.step === soft.to);
      if (!other) continue;
      const column = `c.${quoteIdent(soft.column)}`;
      const missing = await target.query<{ looked: string; failed: string }>(
        `select count(*) as looked, count(*) filter (where o.code is null) as failed
         from ${quoteTable(entity.table)} c
         left join (select distinct lower(${quoteIdent(soft.code)}) as code from ${quoteTable(other.table)}) o
           on o.code = lower(${column})
         where ${column} is not null`,
      );
      outcomes.push({
        check: `soft-reference:${entity.step}.${soft.column}`,
        title: `${entity.table}.${soft.column} names ${other.label}`,
        severity: 'warning',
        looked: Number(missing.rows[0]?.looked),
        failed: Number(missing.rows[0]?.failed),
        examples: [],
      });
    }
  return outcomes;
}
