import { MigrationError } from '../../contract/errors.js';
import type { LegacyStore } from './legacy-store.js';
import { openPostgresStore } from './postgres.js';

const stores: Readonly<Record<string, (url: string) => Promise<LegacyStore>>> = {
  'postgres:': openPostgresStore,
  'postgresql:': openPostgresStore,
};

/**
 * Connects to the database at `url` in the dialect that its scheme names.
 * @throws MigrationError ERR_001 when the scheme is unknown or the database cannot be reached
 */
export async function openLegacyStore(url: string): Promise<LegacyStore> {
  const scheme = URL.canParse(url) ? new URL(url).protocol : '';
  const open = stores[scheme];
  if (!open) {
    throw new MigrationError(
      'ERR_001',
      `No demo database can be made at an address that starts with "${scheme}".`,
      {
        next: `Give an address that starts with ${Object.keys(stores).join(' or ')}`,
      },
    );
  }
  return open(url);
}
