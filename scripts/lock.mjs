import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './run.mjs';

/** Beside what it guards, since node_modules and dist are themselves replaced. Holds its owner's process id. */
const lockFile = path.join(root, '.bootstrap.lock');

/**
 * Does the work while no other process on this machine installs or builds here. A lock whose owner is gone is
 * taken over; the work of two owners never overlaps.
 *
 * @template Result
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function alone(work) {
  await acquire();
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function acquire() {
  let told = false;
  while (!taken()) {
    const owner = ownerOfLock();
    if (owner !== undefined && !isAlive(owner)) {
      removeLockOf(owner);
      continue;
    }
    if (owner !== undefined && !told) {
      told = true;
      console.error(
        `Waiting for process ${owner}, which installs or builds here. If it does nothing of the kind, remove ${lockFile}.`,
      );
    }
    await sleep(100);
  }
}

/** The lock appears with its content in one step: nobody reads a half-written one. */
function taken() {
  const own = ownFile();
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own);
  }
}

function ownerOfLock() {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Between our look at the lock and its removal another process may have taken it over: then it gets it back. */
function removeLockOf(owner) {
  const own = ownFile();
  try {
    renameSync(lockFile, own);
    if (Number(readFileSync(own, 'utf8')) !== owner) linkSync(own, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function ownFile() {
  return `${lockFile}.${process.pid}`;
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
