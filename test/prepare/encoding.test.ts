import { expect, it } from 'vitest';
import { judgeConnections } from '../../src/prepare/connections.js';
import { lookAtPostgres } from '../../src/prepare/postgres.js';
import { createDatabase } from '../helpers/databases.js';

it.each(['SQL_ASCII', 'LATIN1'])(
  'a target or backup in %s is refused; a source may be in any encoding',
  async (encoding) => {
    const database = await createDatabase('encoded', undefined, encoding);
    try {
      const odd = await lookAtPostgres('target', { connectionString: database.url });
      expect(odd.encoding).toBe(encoding);
      const good = { ...odd, encoding: 'UTF8' };
      expect(judgeConnections(odd, good, good).problems).toEqual([]);
      expect(judgeConnections(good, odd, undefined).problems).toEqual([
        `the target is in the encoding ${encoding}; it must be UTF8, the only one that holds every text`,
      ]);
      expect(judgeConnections(good, good, { ...odd, server: 'backup' }).problems).toEqual([
        expect.stringMatching(/^the backup is in the encoding/),
      ]);
    } finally {
      await database.drop();
    }
  },
);
