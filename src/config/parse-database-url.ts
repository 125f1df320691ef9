import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { DatabaseUrl, sslModes, type Dialect, type SslMode, type TlsFiles } from './database-url.js';
import { isLoopback } from './same-database.js';

export type ParsedDatabaseUrl =
  | { readonly url: DatabaseUrl; readonly problems?: never }
  | { readonly url?: never; readonly problems: readonly string[] };

const dialects: Readonly<Record<string, Dialect>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
};

const defaultPorts: Readonly<Record<Dialect, number>> = { postgres: 5432, mysql: 3306 };

const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;
const parameters = [...tlsParameters, 'channel_binding', 'options'] as const;
type Parameter = (typeof parameters)[number];

/** What an address may ask for. How to encrypt is said in libpq's words for every server. */
const parametersOf: Readonly<Record<Dialect, readonly Parameter[]>> = {
  postgres: parameters,
  mysql: tlsParameters,
};

const wholeForm = 'write it as postgres://user:password@host:5432/database';
const encoding =
  'in a user name or password write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25';

/**
 * Takes a database URL apart: `{ url }`, or `{ problems }` with a sentence for each malformed part, none of
 * which repeats anything that could belong to a password. Our own parser, because WHATWG's answers only
 * "Invalid URL", and pg's gives `sslmode` another meaning than libpq.
 *
 * Without `sslmode` a connection to this machine is not encrypted and any other one is (`require`).
 */
export function parseDatabaseUrl(given: string): ParsedDatabaseUrl {
  const problems: string[] = [];
  const text = given.trim();

  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const dialect = scheme === undefined ? undefined : dialects[scheme];
  if (dialect === undefined) {
    return {
      problems: [
        `it must begin with postgres://, or for the legacy database with mysql:// or mariadb://; ${wholeForm}`,
      ],
    };
  }
  const rest = text.slice(text.indexOf('://') + 3);
  if (rest.includes('#')) return { problems: [`it has a #, which ends a URL; ${encoding}`] };

  const end = rest.search(/[/?]|$/);
  const authority = rest.slice(0, end);
  const [path = '', ...queries] = rest.slice(end).split('?');
  if (rest.slice(end).includes('@')) return { problems: [`it has an @ after the host; ${encoding}`] };

  const at = authority.lastIndexOf('@');
  const [userText, ...passwordTexts] = at < 0 ? [] : authority.slice(0, at).split(':');
  const user = decode(userText, 'user name', problems);
  const password = decode(
    passwordTexts.length === 0 ? undefined : passwordTexts.join(':'),
    'password',
    problems,
  );
  const { host, port } = parseHost(authority.slice(at + 1), defaultPorts[dialect], problems);
  const database = parseDatabaseName(path, problems);
  const asked = parseParameters(queries.join('?'), dialect, problems);
  const sslMode = parseSslMode(asked.get('sslmode'), host, problems);
  const tls = readTlsFiles(asked, sslMode, problems);
  const channelBinding = parseChannelBinding(asked.get('channel_binding'), sslMode, problems);

  if (problems.length > 0) return { problems };
  return {
    url: new DatabaseUrl(
      text,
      { dialect, host, port, database, user, sslMode, channelBinding, options: asked.get('options') },
      { password, tls },
    ),
  };
}

function decode(text: string | undefined, part: string, problems: string[]): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    // The error is dropped, not its news: a URIError says less than this sentence.
    problems.push(`its ${part} has a % that stands for no character; ${encoding}`);
    return undefined;
  }
}

function parseHost(text: string, defaultPort: number, problems: string[]): { host: string; port: number } {
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text);
  const host = (parts?.[1] ?? '').toLowerCase();
  const portText = parts?.[2];
  if (text === '' || host === '') problems.push(`it has no host; ${wholeForm}`);
  else if (host.startsWith('%2f'))
    problems.push('its host is a socket path; give a host name or an address instead');
  else if (host.includes(',')) problems.push('it names several hosts; give the one that is written to');
  else if (host.startsWith('[') ? !isIPv6(host.slice(1, -1)) : !/^[a-z0-9_][a-z0-9._-]*$/.test(host)) {
    problems.push(`its host is neither a name nor an address; ${wholeForm}`);
  }
  return { host: host.replaceAll(/^\[|\]$/g, ''), port: parsePort(portText, defaultPort, problems) };
}

function parsePort(text: string | undefined, defaultPort: number, problems: string[]): number {
  if (text === undefined) return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  // The text itself is not repeated: where the host was forgotten, it is the password.
  if (port < 1 || port > 65_535)
    problems.push(`its port is not a number from 1 to 65535; ${wholeForm}, and ${encoding}`);
  return port;
}

function parseDatabaseName(path: string, problems: string[]): string {
  const name = decode(path.slice(1), 'database name', problems) ?? '';
  if (path.length < 2) problems.push(`it has no database name; ${wholeForm}`);
  else if (path.slice(1).includes('/')) problems.push('its database name has a /; write it as %2F');
  return name;
}

function parseParameters(query: string, dialect: Dialect, problems: string[]): Map<Parameter, string> {
  const asked = new Map<Parameter, string>();
  const allowed = parametersOf[dialect];
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [name = '', ...values] = pair.split('=');
    const known = allowed.find((parameter) => parameter === name);
    const value = decode(values.join('='), `parameter ${known ?? ''}`, problems);
    if (known === undefined) {
      const shown = /^\w{1,30}$/.test(name) ? `the parameter ${name}` : 'a parameter';
      problems.push(`it has ${shown}, which is not known here; allowed are ${allowed.join(', ')}`);
    } else if (asked.has(known)) problems.push(`it has the parameter ${known} twice`);
    else if (value === undefined) problems.push(`its parameter ${known} has no value`);
    else asked.set(known, value);
  }
  return asked;
}

function parseSslMode(text: string | undefined, host: string, problems: string[]): SslMode {
  if (text === undefined) return isLoopback(host) ? 'disable' : 'require';
  const mode = sslModes.find((known) => known === text);
  const allowed = `allowed are ${sslModes.join(', ')}`;
  if (mode === undefined && (text === 'allow' || text === 'prefer')) {
    problems.push(`its sslmode ${text} may go unencrypted unnoticed; ${allowed}`);
  } else if (mode === undefined) problems.push(`its sslmode is not known; ${allowed}`);
  return mode ?? 'require';
}

function parseChannelBinding(text: string | undefined, mode: SslMode, problems: string[]): boolean {
  if (text === undefined || text === 'disable') return false;
  if (text !== 'prefer' && text !== 'require') {
    problems.push('its channel_binding is not known; allowed are disable, prefer, require');
  } else if (text === 'require' && mode === 'disable') {
    problems.push('its channel_binding=require needs encryption; set sslmode=require or stricter');
  }
  return mode !== 'disable';
}

function readTlsFiles(asked: ReadonlyMap<Parameter, string>, mode: SslMode, problems: string[]): TlsFiles {
  const read = (parameter: Parameter): string | undefined => {
    const path = asked.get(parameter);
    if (path === undefined) return undefined;
    if (mode === 'disable') {
      problems.push(`its ${parameter} has no effect with sslmode=disable; remove one of them`);
      return undefined;
    }
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
      problems.push(
        `its ${parameter} names a file that cannot be read (${reason}); check the path and permissions`,
      );
      return undefined;
    }
  };

  const usesSystemRoots = asked.get('sslrootcert') === 'system';
  if (usesSystemRoots && mode !== 'verify-full') {
    problems.push('its sslrootcert=system needs sslmode=verify-full: anybody can get a public certificate');
  }
  if (mode === 'verify-ca' && !asked.has('sslrootcert')) {
    problems.push(
      'its sslmode=verify-ca needs sslrootcert=<file of the CA>; with a public CA use verify-full',
    );
  }
  if (asked.has('sslcert') !== asked.has('sslkey'))
    problems.push('it needs both sslcert and sslkey, or neither');
  const [ca, cert, key] = [
    usesSystemRoots ? undefined : read('sslrootcert'),
    read('sslcert'),
    read('sslkey'),
  ];
  return Object.freeze({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
