import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Where downloaded server binaries are kept between runs: `NXT_MIGRATE_CACHE_DIR`, else `nxt-migrate` in the
 * user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`). The folder need not exist yet.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['NXT_MIGRATE_CACHE_DIR'];
  if (own) return path.resolve(own);
  return path.resolve(env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'nxt-migrate');
}
