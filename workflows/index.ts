/** What a worker can run: every export is a workflow type. */
export { migration } from './migration.js';
