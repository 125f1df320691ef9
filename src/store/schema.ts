/**
 * The run's own tables, in the target database: what was done is recorded where it was done, in the same transaction,
 * so that the truth survives the worker, Temporal and us. `runs`, `steps`, `rejects`, `warnings`, `merges` and `audit`
 * are public (docs/sql.md): columns may be added, never renamed.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

export const migration = pgSchema('migration');

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const rows = (name: string) => bigint(name, { mode: 'number' });

export const runs = migration.table(
  'runs',
  {
    run: text().primaryKey(),
    name: text().notNull(),
    plan: text().notNull(),
    mode: text().notNull(),
    state: text().notNull(),
    startedAt: at('started_at').notNull(),
    endedAt: at('ended_at'),
    input: jsonb().notNull(),
    /** the target before the run, as src/backup takes it */
    fingerprint: jsonb(),
    /** the first transaction of the target that the fingerprint has not seen: rows from it on are newer */
    fingerprintXid: bigint('fingerprint_xid', { mode: 'bigint' }),
    backup: text(),
    report: text(),
    /** the workflow that goes on with this run, where that is another than the one that began it */
    continuedBy: text('continued_by'),
  },
  (t) => [
    // One open run per target, also when two start in the same instant.
    uniqueIndex('runs_one_open')
      .on(sql`(ended_at is null)`)
      .where(sql`ended_at is null`),
    index('runs_started_at').on(t.startedAt),
  ],
);

export const stepStates = migration.table(
  'step_states',
  {
    run: text()
      .notNull()
      .references(() => runs.run),
    step: text().notNull(),
    position: integer().notNull(),
    targetTable: text('target_table').notNull(),
    state: text().notNull(),
    source: rows('source'),
    /** rows that the target table held before the step, for the count after it */
    before: rows('before'),
    /** its legacy tables as they were when it began: key, columns and types by table */
    sourceShapes: jsonb('source_shapes'),
    startedAt: at('started_at'),
    endedAt: at('ended_at'),
    differences: rows('differences'),
  },
  (t) => [primaryKey({ columns: [t.run, t.step] })],
);

/**
 * A key range of one legacy table, frozen before its first chunk. Bounds are keys as text: above `lower`, up to `upper`.
 * A range of the kind `retry` or `coerced-retry` has no bounds: its chunks are rows of other ranges that have left the
 * quarantine, the second kind with wider coercions.
 */
export const ranges = migration.table(
  'ranges',
  {
    run: text().notNull(),
    step: text().notNull(),
    sourceTable: text('source_table').notNull(),
    range: integer().notNull(),
    kind: text({ enum: ['key', 'retry', 'coerced-retry'] })
      .notNull()
      .default('key'),
    lower: text().array(),
    upper: text().array(),
    rows: rows('rows').notNull(),
    /** every row up to `upper` is in */
    doneAt: at('done_at'),
    verifiedAt: at('verified_at'),
  },
  (t) => [
    primaryKey({ columns: [t.run, t.step, t.sourceTable, t.range] }),
    foreignKey({ columns: [t.run, t.step], foreignColumns: [stepStates.run, stepStates.step] }),
  ],
);

const chunkKey = () => ({
  run: text().notNull(),
  step: text().notNull(),
  sourceTable: text('source_table').notNull(),
  range: integer().notNull(),
  chunk: integer().notNull(),
});

/** The watermarks: a row says that this chunk is in, whole. Claimed first and committed with the chunk's rows. */
export const chunks = migration.table(
  'chunks',
  {
    ...chunkKey(),
    firstKey: text('first_key').array().notNull(),
    lastKey: text('last_key').array().notNull(),
    read: integer().notNull(),
    migrated: integer().notNull(),
    merged: integer().notNull(),
    rejected: integer().notNull(),
    warnings: integer().notNull(),
    /** CRC-32 of the rows as they came from the source: tells drift from corruption */
    checksum: bigint({ mode: 'number' }).notNull(),
    bytes: integer().notNull(),
    /** transactions (xmin) that wrote the chunk's rows: a row with another one was changed since. Null: not known */
    xids: bigint({ mode: 'number' }).array(),
    committedAt: at('committed_at')
      .notNull()
      .default(sql`now()`),
    /** brought in line with its source, and with the rows it refers to, by a catch-up */
    refreshedAt: at('refreshed_at'),
    verifiedAt: at('verified_at'),
    differences: integer(),
  },
  (t) => [
    primaryKey({ columns: [t.run, t.step, t.sourceTable, t.range, t.chunk] }),
    foreignKey({
      columns: [t.run, t.step, t.sourceTable, t.range],
      foreignColumns: [ranges.run, ranges.step, ranges.sourceTable, ranges.range],
    }),
  ],
);

/** Which target rows a chunk inserted, and from which legacy rows: arrays in the order of the chunk. */
export const lineage = migration.table(
  'lineage',
  {
    ...chunkKey(),
    targetTable: text('target_table').notNull(),
    /** exactly one of the three, by the type of the target's key; composite keys as JSON arrays of text */
    targetUuids: uuid('target_uuids').array(),
    targetBigints: bigint('target_bigints', { mode: 'bigint' }).array(),
    targetTexts: text('target_texts').array(),
    /** null where every target key is the legacy key */
    legacyKeys: text('legacy_keys').array(),
    /** legacy values without a column of their own, for tables that have no metadata column; null where none has any */
    kept: jsonb().array(),
  },
  (t) => [primaryKey({ columns: [t.run, t.step, t.sourceTable, t.range, t.chunk] })],
);

/** The quarantine: rejected rows, whole. */
export const rejects = migration.table(
  'rejects',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    ...chunkKey(),
    legacyTable: text('legacy_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    code: text().notNull(),
    codes: text().array().notNull(),
    columnName: text('column_name'),
    reason: text().notNull(),
    /** each legacy column as its text; null for what JSON cannot hold, then `original_bytes` */
    original: jsonb(),
    originalBytes: bytea('original_bytes'),
    at: at('at')
      .notNull()
      .default(sql`now()`),
    resolvedAt: at('resolved_at'),
    resolution: text(),
  },
  (t) => [
    index('rejects_run_step').on(t.run, t.step),
    index('rejects_legacy').on(t.run, t.legacyTable, t.legacyId),
  ],
);

/** With `legacy_table` the chunk that has written a note; null where the completion of a step has. */
const chunkOfNote = () => ({ range: integer(), chunk: integer() });

export const warnings = migration.table(
  'warnings',
  {
    run: text().notNull(),
    step: text().notNull(),
    legacyTable: text('legacy_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    columnName: text('column_name').notNull(),
    reason: text().notNull(),
    ...chunkOfNote(),
  },
  (t) => [index('warnings_chunk').on(t.run, t.step, t.range, t.chunk)],
);

/** Legacy rows that became part of another legacy row's target row. */
export const merges = migration.table(
  'merges',
  {
    run: text().notNull(),
    step: text().notNull(),
    legacyTable: text('legacy_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    targetTable: text('target_table').notNull(),
    targetId: text('target_id').notNull(),
    rule: text().notNull(),
    /** the merged row's own code, folded: references by it lead to the target row */
    code: text(),
    ...chunkOfNote(),
  },
  (t) => [
    primaryKey({ columns: [t.run, t.legacyTable, t.legacyId] }),
    index('merges_target').on(t.run, t.targetTable, t.targetId),
    index('merges_chunk').on(t.run, t.step, t.range, t.chunk),
  ],
);

/** What the survey decided about single legacy rows before any was copied: duplicates and merges. */
export const decisions = migration.table(
  'decisions',
  {
    run: text().notNull(),
    step: text().notNull(),
    sourceTable: text('source_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    /** `duplicate`: rejected; `merge`: becomes part of the other; `same`: moves with a warning; `remint`: gets a new key */
    kind: text({ enum: ['duplicate', 'merge', 'same', 'remint'] }).notNull(),
    /** legacy table and id of the row that stays */
    otherTable: text('other_table').notNull(),
    otherId: text('other_id').notNull(),
    rule: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.run, t.step, t.sourceTable, t.legacyId] }),
    index('decisions_other').on(t.run, t.step, t.otherTable, t.otherId),
  ],
);

/** Parents that the run made because a row needed them (warehouses). */
export const ensured = migration.table(
  'ensured',
  {
    run: text().notNull(),
    step: text().notNull(),
    targetTable: text('target_table').notNull(),
    targetId: text('target_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.run, t.targetTable, t.targetId] })],
);

/** References of an entity to itself, set once all its rows are in. */
export const links = migration.table(
  'links',
  {
    run: text().notNull(),
    step: text().notNull(),
    legacyTable: text('legacy_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    targetId: text('target_id').notNull(),
    columnName: text('column_name').notNull(),
    otherLegacyId: text('other_legacy_id').notNull(),
    /** false: the other row did not move, the column stayed null; null: not looked at yet */
    resolved: boolean(),
    ...chunkOfNote(),
  },
  (t) => [index('links_chunk').on(t.run, t.step, t.range, t.chunk)],
);

/** Transactions (xmin) in which the run itself changed rows of a step after their chunks were in: links, derived counts. */
export const ownWrites = migration.table(
  'own_writes',
  {
    run: text().notNull(),
    step: text().notNull(),
    xid: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.run, t.step, t.xid] })],
);

/** Indexes and constraints taken off an empty table before its load, with the statements that put them back. */
export const deferredObjects = migration.table(
  'deferred_objects',
  {
    run: text().notNull(),
    targetTable: text('target_table').notNull(),
    name: text().notNull(),
    /** rebuild order: indexes and unique constraints first, then foreign keys */
    kind: text({ enum: ['index', 'unique', 'foreign-key'] }).notNull(),
    definition: text().notNull(),
    rebuiltAt: at('rebuilt_at'),
  },
  (t) => [primaryKey({ columns: [t.run, t.targetTable, t.name] })],
);

/** What verification found to differ: the exact row and column, never the values. */
export const differences = migration.table(
  'differences',
  {
    run: text().notNull(),
    step: text().notNull(),
    legacyTable: text('legacy_table').notNull(),
    legacyId: text('legacy_id').notNull(),
    targetId: text('target_id'),
    columnName: text('column_name'),
    /**
     * `corruption`: the source is as it was read, the target differs; `drift`: the source has changed since. Left as they
     * are by a catch-up: `changed-by-others`, since the run wrote the row; `built-upon`: rows of others refer to it
     */
    kind: text({ enum: ['corruption', 'drift', 'changed-by-others', 'built-upon'] }).notNull(),
    what: text().notNull(),
  },
  (t) => [index('differences_run_step').on(t.run, t.step)],
);

/** How far a catch-up is with each of its steps, and what it has done there. */
export const catchUps = migration.table(
  'catch_ups',
  {
    run: text().notNull(),
    /** the run's catch-ups, counted */
    number: integer().notNull(),
    step: text().notNull(),
    /** the last chunk that is done; null: none is */
    sourceTable: text('source_table'),
    range: integer(),
    chunk: integer(),
    inserted: rows('inserted').notNull().default(0),
    updated: rows('updated').notNull().default(0),
    deleted: rows('deleted').notNull().default(0),
    startedAt: at('started_at')
      .notNull()
      .default(sql`now()`),
    doneAt: at('done_at'),
  },
  (t) => [primaryKey({ columns: [t.run, t.number, t.step] })],
);

export const checkpoints = migration.table(
  'checkpoints',
  {
    run: text().notNull(),
    name: text().notNull(),
    at: at('at')
      .notNull()
      .default(sql`now()`),
  },
  (t) => [primaryKey({ columns: [t.run, t.name] })],
);

export const checkResults = migration.table(
  'check_results',
  {
    run: text().notNull(),
    check: text().notNull(),
    title: text().notNull(),
    severity: text().notNull(),
    looked: rows('looked').notNull(),
    failed: rows('failed').notNull(),
    /** keys of failing rows, at most 100 */
    examples: text().array().notNull(),
    at: at('at')
      .notNull()
      .default(sql`now()`),
  },
  (t) => [primaryKey({ columns: [t.run, t.check] })],
);

export const audit = migration.table(
  'audit',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    run: text(),
    at: at('at')
      .notNull()
      .default(sql`now()`),
    actor: text().notNull(),
    action: text().notNull(),
    reason: text(),
    outcome: text().notNull(),
  },
  (t) => [index('audit_at').on(t.at)],
);

/** Steps with their figures, summed from the chunks that are in: true at every moment. */
export const steps = migration
  .view('steps', {
    run: text().notNull(),
    step: text().notNull(),
    targetTable: text('target_table').notNull(),
    state: text().notNull(),
    source: rows('source'),
    read: rows('read').notNull(),
    migrated: rows('migrated').notNull(),
    merged: rows('merged').notNull(),
    rejected: rows('rejected').notNull(),
    warnings: rows('warnings').notNull(),
    differences: rows('differences'),
    position: integer().notNull(),
    startedAt: at('started_at'),
    endedAt: at('ended_at'),
  })
  .as(
    sql`select s.run, s.step, s.target_table, s.state, s.source,
        coalesce(c.read, 0)::bigint as read, coalesce(c.migrated, 0)::bigint as migrated,
        coalesce(c.merged, 0)::bigint as merged, coalesce(c.rejected, 0)::bigint as rejected,
        coalesce(c.warnings, 0)::bigint as warnings, s.differences, s.position, s.started_at, s.ended_at
      from migration.step_states s
      left join (
        select run, step, sum(read) as read, sum(migrated) as migrated, sum(merged) as merged,
          sum(rejected) as rejected, sum(warnings) as warnings
        from migration.chunks group by run, step
      ) c using (run, step)`,
  );
