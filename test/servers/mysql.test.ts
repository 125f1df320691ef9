import { findMysqld } from '../../src/servers/mysql-binaries.js';
import { startMysql } from '../../src/servers/mysql.js';
import { testProduct } from './mysql-product.js';

testProduct({
  name: 'MySQL',
  find: findMysqld,
  start: startMysql,
  module: 'mysql',
  exported: 'startMysql',
  version: /^[89]\.\d+\.\d+$/,
});
