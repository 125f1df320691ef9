import type { CommandEntry } from '../command.js';
import { lookingCommands } from './looking.js';
import { runCommands } from './runs.js';

/** Every command there is, in the order of the help. */
export const catalogue: readonly CommandEntry[] = [...runCommands, ...lookingCommands];
