import type { Config } from '../src/config/config.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import { catchUpActivities } from './catch-up.js';
import { finalizeActivities } from './finalize.js';
import { migrateActivities } from './migrate.js';
import { openActivities } from './open.js';
import { prepareActivities } from './prepare.js';
import { retryActivities } from './retry.js';
import { RunContext } from './run-context.js';
import type { Activities } from './types.js';
import { undoActivities } from './undo.js';
import { validateActivities } from './validate.js';

/** All activities over one configuration. */
export function createActivities(
  config: Config,
  options: { searchAttributes: boolean; at?: PassPoint | undefined },
): Activities {
  const context = new RunContext(config);
  return {
    ...openActivities(context, options),
    ...prepareActivities(context, options.at),
    ...migrateActivities(context, options.at),
    ...retryActivities(context, options.at),
    ...catchUpActivities(context, options.at),
    ...validateActivities(context, options.at),
    ...undoActivities(context, options.at),
    ...finalizeActivities(context),
  };
}
