import { z } from 'zod';
import { parseDuration } from './duration.js';
import { runModes } from './status.js';

const name = z.string().trim().min(1).max(200);
export const rateSchema = z.number().gt(0).max(1);
export const durationSchema = z.string().refine((text) => parseDuration(text) !== undefined, {
  error: 'a duration such as 90s, 30m or 4h, at most 30d',
});

/** More than any plan has steps: what is sent travels on with every history of the run. */
const mostNames = 500;

/** Rows of one chunk at the most, by step; `default` for the others. */
export const batchSizesSchema = z
  .record(name, z.number().int().min(1).max(1_000_000))
  .refine((sizes) => Object.keys(sizes).length <= mostNames, { error: `at most ${mostNames} steps` });

/** Names of steps or tables. */
export const namesSchema = z.array(name).max(mostNames);

/** The input of the workflow `migration`. Every field is optional; an unknown field is refused. */
export const runInputSchema = z.strictObject({
  name: name.optional(),
  plan: name.default('nxt'),
  mode: z.enum(runModes).default('auto'),
  tables: namesSchema.min(1).optional(),
  batchSizes: batchSizesSchema.optional(),
  parallel: z.number().int().min(1).max(64).default(2),
  alertErrorRate: rateSchema.default(0.05),
  maxErrorRate: rateSchema.default(0.1),
  minErrorSample: z.number().int().min(1).max(1_000_000_000).default(1000),
  maxDuration: durationSchema.default('4h'),
  minQualityScore: z.number().min(0).max(1).default(0.95),
  backup: z.boolean().default(true),
  verify: z.boolean().default(true),
});

export type RunInput = z.input<typeof runInputSchema>;
export type RunSettings = z.output<typeof runInputSchema>;

/** The settings of a run, or one line for each thing that is wrong with the input: field, value, what is allowed. */
export function parseRunInput(input: unknown): { settings: RunSettings } | { problems: string[] } {
  const parsed = runInputSchema.safeParse(input ?? {}, { reportInput: true });
  if (parsed.success) return { settings: parsed.data };
  return { problems: describeProblems(parsed.error, Object.keys(runInputSchema.shape)) };
}

/**
 * One line for each thing that is wrong with an input: field, value, what is allowed. `fields`: those that there are.
 * However much is wrong, the lines stay few and short: a refusal that Temporal would not carry stops the run.
 */
export function describeProblems(error: z.ZodError, fields: readonly string[]): string[] {
  const lines: string[] = [];
  let problems = 0;
  const add = (line: () => string) => {
    if (problems++ < mostProblems) lines.push(line());
  };
  for (const issue of error.issues) {
    const at = issue.path.map((part) => short(String(part)));
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        add(() => `${[...at, short(key)].join('.')}: unknown field; allowed are ${fields.join(', ')}`);
    else add(() => `${at.join('.') || 'input'}: ${show(issue.input)} is not allowed; ${issue.message}`);
  }
  return problems > mostProblems ? [...lines, `and ${problems - mostProblems} more`] : lines;
}

const mostProblems = 10;

function show(value: unknown): string {
  return value === undefined ? 'nothing' : short(JSON.stringify(value));
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
