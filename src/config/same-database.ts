import type { DatabaseUrl } from './database-url.js';

const poolerSuffix = /^([^.]+)-pooler(?=\.)/;

/** Whether a host name or address is this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * The host to use instead of a connection pooler as Neon names them (`ep-x-pooler.eu…` is `ep-x.eu…`);
 * `undefined` when the host is no such pooler.
 */
export function directHost(host: string): string | undefined {
  return poolerSuffix.test(host) ? host.replace(poolerSuffix, '$1') : undefined;
}

/**
 * Whether two URLs name one database: by host (all names of this machine are one, and so are a pooler and
 * what it stands before), port and database name. Two names of one remote server are not seen through here;
 * that takes asking the servers.
 */
export function isSameDatabase(a: DatabaseUrl, b: DatabaseUrl): boolean {
  return (
    a.dialect === b.dialect &&
    a.port === b.port &&
    a.database === b.database &&
    canonicalHost(a.host) === canonicalHost(b.host)
  );
}

function canonicalHost(host: string): string {
  const name = host.replace(/\.$/, '');
  return isLoopback(name) ? 'localhost' : (directHost(name) ?? name);
}
