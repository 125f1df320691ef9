import { mariadb } from './mariadb.js';
import { pages, pagesMysql } from './pages.js';
import type { Peer } from './peer.js';
import { pgcopydb } from './pgcopydb.js';
import { pgloader, pgloaderMysql } from './pgloader.js';
import { psql } from './psql.js';
import { sling, slingMysql } from './sling.js';

/** All that there are, in the order in which they are shown. */
export const peers: readonly Peer[] = [
  psql,
  pgcopydb,
  pgloader,
  sling,
  pages,
  mariadb,
  pgloaderMysql,
  slingMysql,
  pagesMysql,
];
