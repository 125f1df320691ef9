/** The products that can be a source; the target and the backup are PostgreSQL. */
export type Product = 'PostgreSQL' | 'MySQL' | 'MariaDB';

/** What a look at one database showed. */
export interface ConnectionReport {
  /** how people call it: `source`, `target` or `backup` */
  readonly server: string;
  readonly product: Product;
  /** comparable within a product: PostgreSQL 18.4 is 180004, MySQL 8.0.36 is 80036, MariaDB 10.11.6 is 101106 */
  readonly version: number;
  readonly versionText: string;
  /** median of five round trips */
  readonly latencyMs: number;
  /** names one database of one server, however it was addressed */
  readonly identity: string;
}

/** What is to be known of a database that is written. */
export interface TargetReport extends ConnectionReport {
  readonly canCreateSchemas: boolean;
  readonly readOnly: boolean;
  /** what its texts are stored in, by the server's name: `UTF8` */
  readonly encoding: string;
}

/** Median of five round trips, in milliseconds. */
export async function medianLatency(roundTrip: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await roundTrip();
    times.push(performance.now() - start);
  }
  const [, , median = 0] = times.sort((a, b) => a - b);
  return median;
}
