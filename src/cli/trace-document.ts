import { z } from 'zod';
import type { Trace } from '../engine/trace/types.js';
import { MigrationError } from '../contract/errors.js';

const text = z.string();
const maybe = text.nullable();
const value = z.object({ value: maybe }).nullable();
const name = z.object({ table: text, id: text });
const note = z.object({ column: text, reason: text });

const chunk = z.object({
  sourceTable: text,
  range: z.number(),
  chunk: z.number(),
  kind: z.enum(['key', 'retry', 'coerced-retry']),
  firstKey: z.array(text),
  lastKey: z.array(text),
  committedAt: text,
  verifiedAt: maybe,
  differences: z.number().nullable(),
});

const column = z.object({
  column: text,
  rule: maybe,
  from: z.array(z.object({ column: text, value })),
  expected: value,
  target: value,
  made: z.enum([
    'as it is',
    'trimmed',
    'converted',
    'defaulted',
    'empty',
    'resolved',
    'unresolved',
    'computed',
    'constant',
    'generated',
    'gathered',
    'counted',
    'pending',
    'at fault',
    'not written',
    'not known',
  ]),
  change: z.enum(['by others', 'source changed', 'either', 'neither', 'unexplained']).nullable(),
});

const row = z.object({
  outcome: z.enum(['migrated', 'merged', 'rejected', 'made']),
  run: z.object({ run: text, name: text, plan: text, state: text, startedAt: text }),
  otherRuns: z.array(text),
  step: text,
  legacy: name.nullable(),
  target: name.extend({ present: z.boolean(), changedByOthers: z.boolean().nullable() }).nullable(),
  merged: z.object({ rule: text, into: name }).nullable(),
  alsoIn: z.array(name.extend({ rule: text })),
  decision: name.extend({ kind: text, rule: text }).nullable(),
  duplicates: z.array(name),
  rejects: z.array(
    z.object({
      code: text,
      codes: z.array(text),
      column: maybe,
      reason: text,
      at: text,
      resolvedAt: maybe,
      resolution: maybe,
    }),
  ),
  neededBy: z
    .object({ step: text, table: text, column: text, rows: z.number(), examples: z.array(name) })
    .nullable(),
  chunk: chunk.nullable(),
  differences: z.array(z.object({ column: maybe, kind: text, what: text })),
  warnings: z.array(note),
  links: z.array(
    z.object({
      column: text,
      label: text,
      legacyId: maybe,
      code: maybe,
      by: z.enum(['id', 'code']).nullable(),
      target: name.nullable(),
      legacy: name.nullable(),
    }),
  ),
  kept: maybe,
  source: z.object({
    state: z.enum(['read', 'gone', 'unreachable', 'unusable', 'none']),
    why: maybe,
    changed: z.boolean().nullable(),
  }),
  faults: z.array(note.extend({ code: z.enum(['ERR_003', 'ERR_004', 'ERR_005']) })),
  columns: z.array(column),
});

const answer = z.strictObject({
  asked: z.object({ table: text, id: text, run: maybe }),
  rows: z.array(row),
  unknown: z.object({ inSource: z.array(text), inTarget: z.array(text), sourceProblem: maybe }).nullable(),
}) satisfies z.ZodType<Trace>;

/** What `trace --json` prints: the answer (src/engine/trace/types.ts says what its fields mean), or why there is none. */
export const traceDocumentSchema = z.union([
  answer.extend({ error: z.null() }),
  z.strictObject({ error: z.object({ code: maybe, message: text, next: maybe }) }),
]);
export type TraceDocument = z.output<typeof traceDocumentSchema>;

export function traceDocument(trace: Trace): object {
  return { ...trace, error: null };
}

export function traceErrorDocument(error: unknown): TraceDocument {
  const known = error instanceof MigrationError ? error : undefined;
  return {
    error: {
      code: known?.code ?? null,
      message: error instanceof Error ? error.message : String(error),
      next: known?.next ?? null,
    },
  };
}
