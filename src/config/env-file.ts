import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { ConfigError } from './config-error.js';

/** Names and values as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment of an entry point: what the file at `path` says, and over it what `over` says (usually
 * `process.env`). An empty value in `over` counts as not set, so it does not hide the file's. A file that
 * does not exist is no problem: in a container the variables come from outside. One that cannot be read is a
 * `ConfigError`.
 *
 *     const config = loadConfig(readEnvFile('.env', process.env));
 */
export function readEnvFile(path: string, over: Environment = {}): Environment {
  const given = Object.entries(over).filter(([, value]) => value !== undefined && value.trim() !== '');
  return { ...readFile(path), ...Object.fromEntries(given) };
}

function readFile(path: string): Environment {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return {};
    throw new ConfigError(
      [`The file "${path}" cannot be read (${String(code)}): check its type and permissions.`],
      {
        cause: error,
      },
    );
  }
}
