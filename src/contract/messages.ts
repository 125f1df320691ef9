/** Arguments of the signals and updates: what is allowed, and the words of a refusal. */
import { z } from 'zod';
import { parseDuration } from './duration.js';
import { batchSizesSchema, describeProblems, durationSchema, namesSchema, rateSchema } from './input.js';

const text = z.string().max(500);
/** Who asks, and why: allowed with every message. */
const who = { by: text.optional(), reason: text.optional() };

export const signalSchema = z.strictObject(who);
export type SignalArguments = z.output<typeof signalSchema>;

/** Milliseconds, or a duration such as 90s. */
const lockTimeout = z.union([z.number().int().min(1).max(86_400_000), durationSchema], {
  error: 'milliseconds, or a duration such as 90s, 30m or 4h',
});

/** Of what marks the run: required. */
const reason = z
  .string({ error: 'it needs a reason: {"reason": "..."}' })
  .max(500)
  .trim()
  .min(1, { error: 'it needs a reason: {"reason": "..."}' });

export const updateSchemas = {
  'run-step': z.strictObject({ step: z.string().trim().min(1).max(200), ...who }),
  retry: z.strictObject({
    table: z.string().trim().min(1).max(200).optional(),
    coerceTypes: z.boolean().default(false),
    ...who,
  }),
  'catch-up': z.strictObject({ tables: namesSchema.default([]), ...who }),
  rollback: z.strictObject({
    scope: z.enum(['full', 'tables', 'last-step', 'checkpoint']),
    tables: namesSchema.default([]),
    checkpoint: z.string().trim().max(200).default(''),
    dryRun: z.boolean().default(false),
    confirmChanged: z.boolean().default(false),
    fromBackup: z.boolean().default(false),
    ...who,
  }),
  configure: z
    .strictObject({
      batchSizes: batchSizesSchema.optional(),
      parallel: z.number().int().min(1).max(64).optional(),
      alertErrorRate: rateSchema.optional(),
      maxErrorRate: rateSchema.optional(),
      maxDuration: durationSchema.optional(),
      timeout: lockTimeout.optional(),
      ...who,
    })
    .refine(
      ({ by: _by, reason: _reason, ...changes }) =>
        Object.values(changes).some((value) => value !== undefined),
      {
        error:
          'name at least one of batchSizes, parallel, alertErrorRate, maxErrorRate, maxDuration, timeout',
      },
    ),
  'extend-deadline': z.strictObject({ by: durationSchema, reason: text.optional() }),
  'skip-validation': z.strictObject({ reason, by: text.optional() }),
  finish: z.strictObject(who),
} as const;

export type UpdateArguments = { [K in keyof typeof updateSchemas]: z.output<(typeof updateSchemas)[K]> };

/** The arguments of an update with its defaults. Throws with one sentence for each thing that is wrong. */
export function parseUpdate<K extends keyof UpdateArguments>(update: K, given: unknown): UpdateArguments[K] {
  const schemas: { readonly [N in keyof UpdateArguments]: z.ZodType<UpdateArguments[N]> } = updateSchemas;
  const parsed = schemas[update].safeParse(given ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  const fields = Object.keys(updateSchemas[update].shape);
  throw new Error(`${update}: ${describeProblems(parsed.error, fields).join('; ')}`);
}

/** The payload of a signal; undefined when it is none that we know, and then counts as left out. */
export function parseSignal(given: unknown): SignalArguments | undefined {
  return signalSchema.safeParse(given ?? {}).data;
}

/** In milliseconds. */
export function lockTimeoutMs(timeout: number | string): number {
  return typeof timeout === 'number' ? timeout : (parseDuration(timeout) ?? 0);
}
