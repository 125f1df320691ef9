/** The parts of a `mysql://` address, for programs that want them one by one. */
export function mysqlLogin(
  address: string,
): Readonly<Record<'host' | 'port' | 'user' | 'password' | 'database', string>> {
  const url = new URL(address);
  return {
    host: url.hostname,
    port: url.port || '3306',
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
