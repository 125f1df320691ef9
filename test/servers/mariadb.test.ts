import { findMariadbd } from '../../src/servers/mariadb-binaries.js';
import { startMariadb } from '../../src/servers/mariadb.js';
import { testProduct } from './mysql-product.js';

testProduct({
  name: 'MariaDB',
  find: findMariadbd,
  start: startMariadb,
  module: 'mariadb',
  exported: 'startMariadb',
  version: /^1\d\.\d+\.\d+-MariaDB/,
});
