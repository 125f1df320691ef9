import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

/** A program with its arguments, and whom it runs as: ourselves if there is no user. */
export interface Launch {
  file: string;
  args: readonly string[];
  user?: ServerUser;
}

/** Linux capabilities that open folders closed to an account, the lesser first, with their bits. */
const CAPABILITIES = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
] as const;

/**
 * How a program is started under another account.
 *
 * The way to its files may be closed to that account (a clone below root's home of mode 700), and a server that
 * resolves its paths gets nowhere then. On Linux it is given the one right it lacks, to go through such folders;
 * in every other respect it is that account's.
 *
 * Throws a sentence when the way is closed and that right cannot be given.
 *
 * @param paths what the program has to reach
 */
export async function launchAs(
  user: ServerUser | undefined,
  file: string,
  args: readonly string[],
  paths: readonly string[],
): Promise<Launch> {
  if (!user) return { file, args };
  const closed = await firstClosed(user, [file, ...paths]);
  if (closed === undefined) return { file, args, user };

  const capability = await capabilityToGive();
  if (capability === undefined)
    throw new Error(
      `A database server does not run as root, and the account it runs under (${user.uid}) may not enter the folders above ${closed}. Choose a place that all accounts may enter, run this as an ordinary user, or install \`setpriv\`.`,
    );
  // prettier-ignore
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--no-new-privs'];
  const right = ['--inh-caps', `-all,+${capability}`, '--ambient-caps', `-all,+${capability}`];
  return { file: 'setpriv', args: [...ids, ...right, '--', file, ...args] };
}

async function firstClosed(user: ServerUser, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const open = await run('test', ['-x', path], { ...user, cwd: '/' }).then(
      () => true,
      () => false,
    );
    if (!open) return path;
  }
  return undefined;
}

/** The lesser of the rights that this process has itself; undefined where there is none, or no `setpriv`. */
async function capabilityToGive(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const installed = await run('setpriv', ['--version']).then(
    () => true,
    () => false,
  );
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const held = CAPABILITIES.find(({ bit }) => (effective >> bit) & 1n);
  return installed ? held?.name : undefined;
}
