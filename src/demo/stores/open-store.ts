import { MigrationError } from '../../contract/errors.js';
import type { LegacyDialect, LegacyStore } from './legacy-store.js';
import { openMysqlStore } from './mysql.js';
import { openPostgresStore } from './postgres.js';

interface StoreKind {
  readonly dialect: LegacyDialect;
  /** @throws MigrationError ERR_001 when the database cannot be reached */
  readonly open: (url: string) => Promise<LegacyStore>;
}

const postgres: StoreKind = { dialect: 'postgres', open: openPostgresStore };
const mysql: StoreKind = { dialect: 'mysql', open: openMysqlStore };

const kinds: Readonly<Record<string, StoreKind>> = {
  'postgres:': postgres,
  'postgresql:': postgres,
  'mysql:': mysql,
  'mariadb:': mysql,
};

/**
 * The dialect that the scheme of `url` names, and how to connect in it.
 * @throws MigrationError ERR_001 when the scheme is unknown
 */
export function storeKindOf(url: string): StoreKind {
  const scheme = URL.canParse(url) ? new URL(url).protocol : '';
  const kind = kinds[scheme];
  if (kind) return kind;
  throw new MigrationError(
    'ERR_001',
    `No demo database can be made at an address that starts with "${scheme}".`,
    { next: `Give an address that starts with ${Object.keys(kinds).join(' or ')}` },
  );
}

/** Whether the database at `url` has tables already. @throws MigrationError ERR_001 as opening it does */
export async function hasTables(url: string): Promise<boolean> {
  const store = await storeKindOf(url).open(url);
  try {
    return await store.hasTables();
  } finally {
    await store.close();
  }
}
