import { startMysql } from '../../src/servers/mysql.js';
import { testProduct } from './mysql-product.js';

testProduct({
  name: 'MySQL',
  start: startMysql,
  module: 'mysql',
  exported: 'startMysql',
  version: /^[89]\.\d+\.\d+$/,
});
