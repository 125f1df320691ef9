import type { ConnectionOptions } from 'mysql2';
import { connect, cut, queryTexts } from '../engine/mysql/connect.js';
import { mysqlError } from '../engine/mysql/errors.js';
import type { Asker } from './asker.js';
import type { AnswerRow } from './probe.js';

/** Throws `MigrationError` ERR_001 when the server cannot be reached or does not let us in. */
export async function openMysqlAsker(server: string, config: ConnectionOptions): Promise<Asker> {
  const answered = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw mysqlError(error, server);
    }
  };
  const connection = await answered(connect(config));
  const ask = (sql: string): Promise<readonly AnswerRow[]> => answered(queryTexts(connection, sql));
  try {
    const [named] = await ask(`select concat(version(), ' ', @@version_comment) as version`);
    const product = /mariadb/i.test(named?.['version'] ?? '') ? 'MariaDB' : 'MySQL';
    return { product, ask, cut: () => cut(connection) };
  } catch (error) {
    cut(connection);
    throw error;
  }
}
