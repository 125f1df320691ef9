import path from 'node:path';
import { debianPackages, fetchMissingLibraries } from './debian-packages.js';
import {
  type DatabaseProgram,
  type DatabaseServer,
  findDatabaseServer,
  type FindOptions,
  LIBRARIES,
} from './find-database-server.js';

/** The server's package in Debian, and in Ubuntu 22.04. */
const PACKAGES = ['mariadb-server-core', 'mariadb-server-core-10.6'];

const MARIADB: DatabaseServer = {
  title: 'MariaDB 10.6 or later',
  variable: 'MARIADBD_PATH',
  program: 'mariadbd',
  isOurs: (version) => /\bVer (10\.([6-9]|\d\d)|1[1-9]|[2-9]\d)\.\S*MariaDB/.test(version),
  cached: { folder: 'mariadb-linux-x64', program: 'usr/sbin/mariadbd' },
  megabytes: 8,
  fetch: fetchMariadb,
  waysToFetch: 'on Debian or Ubuntu, let apt-get reach its sources',
};

/**
 * MariaDB's server program, version 10.6 or later.
 *
 * Looked for in this order: the path in `MARIADBD_PATH`, `mariadbd` on PATH, our cache folder, and at last a
 * download of the distribution's own package by apt, which is unpacked and not installed. Throws a sentence with
 * the ways to get it.
 */
export function findMariadbd(options: FindOptions = {}): Promise<DatabaseProgram> {
  return findDatabaseServer(MARIADB, options);
}

async function fetchMariadb(content: string, scratch: string, env: NodeJS.ProcessEnv): Promise<void> {
  const packages = debianPackages(scratch, env);
  await packages.unpack(PACKAGES, content);
  await fetchMissingLibraries(
    path.join(content, MARIADB.cached.program),
    path.join(content, LIBRARIES),
    packages,
    scratch,
  );
}
