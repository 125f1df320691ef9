import { MigrationError } from '../../contract/errors.js';

/** The database cannot be connected to. The cause may name the user; it never holds the password. */
export function unreachable(cause: unknown): MigrationError {
  return new MigrationError('ERR_001', 'The database for the demo data cannot be reached.', {
    next: 'Check that the server runs and that the address, user and password are right.',
    transient: true,
    cause,
  });
}

export function tableExists(table: string): MigrationError {
  return new MigrationError('ERR_002', `The database for the demo data has a table ${table} already.`, {
    next: 'Name an empty database: demo data is never written over other data.',
    place: { table },
  });
}
