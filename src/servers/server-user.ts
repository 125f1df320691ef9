import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The account a database server runs under. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * Database servers refuse to run as root. For root, the account to run them under: the owner of the data folder
 * if there is one already, so that a folder made by an ordinary user stays that user's; else `postgres` or
 * `nobody`. Undefined for everybody else, who run them as themselves.
 */
export async function serverUserFor(dataDir: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const folder = await stat(dataDir).catch(() => undefined);
  if (folder && folder.uid !== 0) return { uid: folder.uid, gid: folder.gid };
  for (const name of ['postgres', 'nobody']) {
    const user = await accountNamed(name);
    if (user) return user;
  }
  throw new Error(
    'A database server does not run as root, and this system has neither a `postgres` nor a `nobody` account to run it under. Run this as an ordinary user, or create one of the two accounts.',
  );
}

async function accountNamed(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
