/** `npm run build`: builds dist, with `--if-stale` only if its sources have changed. */
import { build, buildIfStale } from './dist.mjs';
import { alone } from './lock.mjs';
import { succeeds } from './run.mjs';

await succeeds(process.argv.includes('--if-stale') ? buildIfStale : () => alone(build));
