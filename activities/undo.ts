import { findOthersRowsIn } from '../src/engine/undo/others-rows.js';
import { previewUndo } from '../src/engine/undo/preview-undo.js';
import { proveUndone } from '../src/engine/undo/prove-undone.js';
import { restoreTarget } from '../src/engine/undo/restore-target.js';
import { settleAfterUndo } from '../src/engine/undo/settle-after-undo.js';
import { undoStep } from '../src/engine/undo/undo-step.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Undo = Pick<
  Activities,
  'previewUndo' | 'undoStep' | 'settleAfterUndo' | 'proveUndone' | 'previewRestore' | 'restoreTarget'
>;

/** The compensations, and the proof that the target is what it was. */
export function undoActivities(context: RunContext, at?: PassPoint): Undo {
  const { config } = context;
  const backup = config.backup && { label: 'backup', config: context.clientConfig(config.backup) };
  // Under the attempt's name, so that it is ended with the attempt.
  const target = () => ({ label: 'target', config: context.targetConfig() });
  return {
    previewUndo: ({ steps, ...ref }) =>
      context.attempt(ref, () =>
        context.withTarget((client) =>
          previewUndo(
            client,
            ref.run,
            steps.map((step) => context.entity({ ...ref, step })),
          ),
        ),
      ),

    undoStep: ({ confirmed, ...ref }) =>
      context.attempt(ref, ({ pause, signal, progress }) =>
        context.withTarget((client) =>
          undoStep(client, ref, context.entity(ref), {
            changedToo: confirmed !== 'nothing',
            pause,
            signal,
            progress,
            at,
          }),
        ),
      ),

    settleAfterUndo: ({ undone, kept, ...ref }) =>
      context.attempt(ref, () =>
        context.withTarget((client) =>
          settleAfterUndo(
            client,
            ref.run,
            undone.map((step) => context.entity({ ...ref, step })),
            kept.map((step) => context.entity({ ...ref, step })),
          ),
        ),
      ),

    proveUndone: ({ steps, ...ref }) =>
      context.attempt(ref, ({ signal, progress }) =>
        context.withTarget((client) =>
          proveUndone(client, target(), ref.run, context.plan(ref.plan), steps, {
            signal,
            progress: ({ done, of }) => progress({ done, of }),
          }),
        ),
      ),

    previewRestore: (ref) =>
      context.attempt(ref, () =>
        context.withTarget((client) =>
          findOthersRowsIn(client, ref.run, context.plan(ref.plan).schema.tables),
        ),
      ),

    restoreTarget: ({ confirmChanged, ...ref }) =>
      context.attempt(ref, ({ signal, progress }) =>
        context.withTarget((client) =>
          restoreTarget(client, { target: target(), backup }, ref, context.plan(ref.plan), {
            othersToo: confirmChanged,
            signal,
            progress: ({ done, of }) => progress({ done, of }),
          }),
        ),
      ),
  };
}
