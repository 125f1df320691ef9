import { inspect } from 'node:util';

export type Dialect = 'postgres' | 'mysql';

/**
 * How a connection is encrypted, in libpq's words. libpq's `allow` and `prefer` are left out on purpose: they
 * go unencrypted without anybody noticing.
 */
export const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/** Contents (PEM) of the files that `sslrootcert`, `sslcert` and `sslkey` name. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface DatabaseUrlParts {
  readonly dialect: Dialect;
  /** A name or an address, lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
  readonly sslMode: SslMode;
  /** True when the URL asks for `channel_binding` as `prefer` or `require`. */
  readonly channelBinding: boolean;
  /** Command-line options for the server, as in libpq's `options`. */
  readonly options: string | undefined;
}

export interface Credentials {
  readonly password: string | undefined;
  readonly tls: TlsFiles;
}

/**
 * A database's address that cannot be printed by accident: as text, as JSON, in a log or in an inspection it
 * shows the password as `***`. The real values come only from `reveal()` and `credentials()`.
 */
export class DatabaseUrl implements DatabaseUrlParts {
  readonly dialect: Dialect;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
  readonly sslMode: SslMode;
  readonly channelBinding: boolean;
  readonly options: string | undefined;
  readonly #given: string;
  readonly #credentials: Credentials;

  constructor(given: string, parts: DatabaseUrlParts, credentials: Credentials) {
    this.dialect = parts.dialect;
    this.host = parts.host;
    this.port = parts.port;
    this.database = parts.database;
    this.user = parts.user;
    this.sslMode = parts.sslMode;
    this.channelBinding = parts.channelBinding;
    this.options = parts.options;
    this.#given = given;
    this.#credentials = credentials;
    Object.freeze(this);
  }

  /** The URL as it was given, password included. */
  reveal(): string {
    return this.#given;
  }

  /** What proves who we are: never to be logged. */
  credentials(): Credentials {
    return this.#credentials;
  }

  toString(): string {
    const password = this.#credentials.password === undefined ? '' : ':***';
    const user = this.user === undefined ? '' : `${encodeURIComponent(this.user)}${password}@`;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    const mode = this.dialect === 'postgres' ? `?sslmode=${this.sslMode}` : '';
    return `${this.dialect}://${user}${host}:${this.port}/${encodeURIComponent(this.database)}${mode}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
