import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parseDatabaseUrl } from '../../src/config/parse-database-url.js';
import { leastEnvironment } from './example.js';

function problemsWith(extra: Record<string, string>): readonly string[] {
  try {
    loadConfig({ ...leastEnvironment, ...extra });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('what a URL says is taken apart', () => {
  test('user, password, host, port, database and sslmode', () => {
    const { url } = parseDatabaseUrl(
      'postgresql://a%40b:p%2F%3F%23%25:x@DB.Example.com:6543/new%20shop?sslmode=require',
    );
    expect(url).toMatchObject({
      dialect: 'postgres',
      user: 'a@b',
      host: 'db.example.com',
      port: 6543,
      database: 'new shop',
      sslMode: 'require',
    });
    expect(url?.credentials().password).toBe('p/?#%:x');
    expect(String(url)).toBe('postgres://a%40b:***@db.example.com:6543/new%20shop?sslmode=require');
  });

  test.each([
    ['postgres://db/shop', 5432, 'postgres'],
    ['mysql://db/shop', 3306, 'mysql'],
    ['mariadb://db:3307/shop', 3307, 'mysql'],
  ])('%s goes to port %i of %s', (text, port, dialect) => {
    expect(parseDatabaseUrl(text).url).toMatchObject({ host: 'db', port, dialect });
  });

  test('encryption is asked for in the same words for MySQL, and nothing is dropped', () => {
    expect(parseDatabaseUrl('mysql://db/shop?sslmode=verify-full').url?.sslMode).toBe('verify-full');
    expect(parseDatabaseUrl('mysql://127.0.0.1/shop').url?.sslMode).toBe('disable');
    expect(parseDatabaseUrl('mysql://db/shop?ssl-mode=REQUIRED').problems).toEqual([
      expect.stringContaining('allowed are sslmode, sslrootcert, sslcert, sslkey'),
    ]);
  });

  test('an IPv6 address stands in brackets', () => {
    const { url } = parseDatabaseUrl('postgres://[::1]:5433/shop');
    expect(url).toMatchObject({ host: '::1', port: 5433 });
    expect(String(url)).toContain('[::1]:5433');
  });

  test("Neon's own URL is understood", () => {
    const { url } = parseDatabaseUrl(
      'postgresql://u:p@ep-x.eu.aws.neon.tech/nxt?sslmode=require&channel_binding=require',
    );
    expect(url).toMatchObject({ sslMode: 'require', channelBinding: true });
  });

  test.each([
    ['localhost', 'disable'],
    ['127.0.0.1', 'disable'],
    ['db.example.com', 'require'],
  ])('without sslmode, %s means %s', (host, mode) => {
    expect(parseDatabaseUrl(`postgres://${host}/shop`).url?.sslMode).toBe(mode);
  });
});

describe('a malformed part is named, and the password is not', () => {
  test.each([
    ['db.example.com/nxt', 'must begin with postgres://'],
    ['http://u:S3cret@db/nxt', 'must begin with postgres://'],
    ['postgres://u:S3cret@/nxt', 'has no host'],
    ['postgres:///nxt', 'has no host'],
    ['postgres://u:S3cret@db', 'has no database name'],
    ['postgres://u:S3cret@db/', 'has no database name'],
    ['postgres://u:S3cret@db/a/b', 'database name has a /'],
    ['postgres://u:S3cret@db:0/nxt', 'port is not a number from 1 to 65535'],
    ['postgres://u:S3cret@db:65536/nxt', 'port is not a number from 1 to 65535'],
    ['postgres://user:pass@host:port/db', 'port is not a number from 1 to 65535'],
    ['postgres://u:S3cret/nxt', 'port is not a number from 1 to 65535'],
    ['postgres://me@shop.example:S3cret/nxt', 'port is not a number from 1 to 65535'],
    ['postgres://u:S3cret@a,b/nxt', 'several hosts'],
    ['postgres://u:S3cret@%2Fvar%2Frun/nxt', 'socket path'],
    ['postgres://u:S3cret@d b/nxt', 'neither a name nor an address'],
    ['postgres://u:S3cret@[::zz]/nxt', 'neither a name nor an address'],
    ['postgres://u:S3cret/x@db/nxt', '@ after the host'],
    ['postgres://u:S3cret?x@db/nxt', '@ after the host'],
    ['postgres://u:S3cret#x@db/nxt', 'has a #'],
    ['postgres://u:S3cret%zz@db/nxt', 'password has a %'],
    ['postgres://u:S3cret@db/nxt?sslmode=maybe', 'allowed are disable, require, verify-ca, verify-full'],
    ['postgres://u:S3cret@db/nxt?sslmode=prefer', 'may go unencrypted unnoticed'],
    ['postgres://u:S3cret@db/nxt?sslmode=disable&sslmode=require', 'sslmode twice'],
    ['postgres://u:S3cret@db/nxt?sslmode=', 'sslmode has no value'],
    ['postgres://u:S3cret@db/nxt?password=S3cret', 'parameter password, which is not known here'],
    ['postgres://u:S3cret@db/nxt?sslmode=verify-ca', 'needs sslrootcert'],
    ['postgres://u:S3cret@db/nxt?sslmode=require&sslrootcert=/no/such.pem', 'cannot be read (ENOENT)'],
    ['postgres://u:S3cret@db/nxt?sslmode=require&sslrootcert=system', 'needs sslmode=verify-full'],
    ['postgres://u:S3cret@db/nxt?sslmode=disable&channel_binding=require', 'channel_binding=require needs'],
  ])('%s', (text, expected) => {
    const problems = problemsWith({ DATABASE_URL: text });
    expect(problems.join('\n')).toContain(expected);
    expect(problems.join('\n')).not.toContain('S3cret');
    for (const problem of problems) expect(problem).toMatch(/^DATABASE_URL is "[^\n]*": it[^\n]*\.$/);
  });
});

describe('source, target and backup are three databases', () => {
  const here = 'postgres://u:p@localhost/shop';

  test.each([
    ['another name of this machine', here, 'postgres://v:q@127.0.0.1:5432/shop?sslmode=disable'],
    ['this machine by IPv6', here, 'postgresql://[::1]/shop'],
    ['other capitals', 'postgres://db.example.com/shop', 'postgres://DB.example.com./shop'],
  ])('%s is no other database', (_, source, target) => {
    expect(problemsWith({ SOURCE_DATABASE_URL: source, DATABASE_URL: target })).toEqual([
      expect.stringMatching(
        /^DATABASE_URL is .*: it names the same database as SOURCE_DATABASE_URL; they must differ\.$/,
      ),
    ]);
  });

  test.each([
    'postgres://localhost/other',
    'postgres://localhost:5433/shop',
    'postgres://db.example.com/shop',
  ])('%s is another database', (target) => {
    expect(problemsWith({ SOURCE_DATABASE_URL: here, DATABASE_URL: target })).toEqual([]);
  });

  test('the backup goes neither to the source nor to the target', () => {
    for (const name of ['SOURCE_DATABASE_URL', 'DATABASE_URL']) {
      expect(problemsWith({ BACKUP_DATABASE_URL: leastEnvironment[name] ?? '' })).toEqual([
        expect.stringContaining(`it names the same database as ${name}`),
      ]);
    }
  });

  test('what stands behind a pooler is seen through', () => {
    const problems = problemsWith({
      SOURCE_DATABASE_URL: 'postgres://ep-x-1.eu.aws.neon.tech/shop',
      DATABASE_URL: 'postgres://ep-x-1-pooler.eu.aws.neon.tech/shop',
    });
    expect(problems).toContainEqual(expect.stringContaining('the same database as SOURCE_DATABASE_URL'));
  });
});

test.each(['SOURCE_DATABASE_URL', 'DATABASE_URL', 'BACKUP_DATABASE_URL'])(
  'a connection pooler as %s is refused with the host to use instead',
  (name) => {
    expect(problemsWith({ [name]: 'postgres://u:p@ep-x-1-pooler.eu.aws.neon.tech/third' })).toEqual([
      expect.stringMatching(/connection pooler.*; use ep-x-1\.eu\.aws\.neon\.tech\.$/),
    ]);
  },
);

test.each(['mysql', 'mariadb'])('a source may begin with %s://', (scheme) => {
  expect(problemsWith({ SOURCE_DATABASE_URL: `${scheme}://u:p@db.example.com/shop` })).toEqual([]);
});

test('the target and the backup must be PostgreSQL', () => {
  for (const name of ['DATABASE_URL', 'BACKUP_DATABASE_URL']) {
    expect(problemsWith({ [name]: 'mysql://u:p@db.example.com/shop' })).toEqual([
      expect.stringMatching(/must begin with postgres:\/\//),
    ]);
  }
});
