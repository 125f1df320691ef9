/** Updates of the open run, each with what is said of the answer. */
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { isWell } from './follow.js';
import { changedLines, namesOf, tableLines, updating } from './update.js';

export const stopSession: CommandWork = updating({
  name: 'finish',
  isDone: ({ state }) => state === 'completed' || state === 'rolled-back',
});

export const retry: CommandWork = updating({
  name: 'retry',
  args: (options) => {
    const table = textOption(options, 'table');
    return {
      ...(table === undefined ? {} : { table }),
      coerceTypes: options['coerceTypes'] === true,
    };
  },
  say: (answer) => [
    '🔁 Trying again',
    ...tableLines(z.object({ quarantined: z.unknown() }).parse(answer).quarantined),
  ],
  isDone: isWell,
});

export const catchUp: CommandWork = updating({
  name: 'catch-up',
  args: ({ tables }) => ({ tables: namesOf(tables) }),
  say: (answer) => ['🔄 Catching up', ...tableLines(z.object({ tables: z.unknown() }).parse(answer).tables)],
  isDone: isWell,
  account: ({ actions }) => actions.findLast(({ what }) => what === 'caught up')?.reason ?? null,
});

export const configure: CommandWork = updating({
  name: 'configure',
  args: ({ timeout, batchSize, batchSizes, parallel }) => {
    const sizes = {
      ...(typeof batchSize === 'number' ? { default: batchSize } : {}),
      ...(typeof batchSizes === 'object' ? batchSizes : {}),
    };
    const changes = {
      ...(timeout === undefined ? {} : { timeout }),
      ...(parallel === undefined ? {} : { parallel }),
      ...(Object.keys(sizes).length === 0 ? {} : { batchSizes: sizes }),
    };
    if (Object.keys(changes).length === 0)
      throw new InvalidArgumentError(
        'Say what is to change with --timeout, --batch-size, --batch-sizes or --parallel.',
      );
    return changes;
  },
  say: changedLines,
});

export const extendDeadline: CommandWork = updating({
  name: 'extend-deadline',
  args: ({ by }) => ({ by }),
  say: changedLines,
});

export const skipValidation: CommandWork = updating({
  name: 'skip-validation',
  args: (options) => {
    if (options['unsafe'] !== true)
      throw new InvalidArgumentError(
        'What a gate would have found stays unknown: type --unsafe to pass it all the same.',
      );
    return { reason: textOption(options, 'reason') ?? 'passed with --unsafe' };
  },
  say: (answer) => [`⚠️  Passed: ${z.object({ skipped: z.string() }).parse(answer).skipped}`],
  isDone: isWell,
});
