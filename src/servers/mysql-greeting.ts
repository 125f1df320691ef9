import { connect } from 'node:net';

/** Follows the four bytes of length and number in front of every packet; 10 in all MySQL and MariaDB versions. */
const PROTOCOL_VERSION = 10;

const PATIENCE_MS = 5_000;

/**
 * Resolves when a MySQL or MariaDB at the loopback port greets us: it does so when it is ready for logins, not
 * before. Rejects when nothing listens, or with anything else than a greeting.
 */
export function mysqlGreets(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    function fail(why: string): void {
      socket.destroy();
      reject(new Error(`The server at port ${port} ${why}.`));
    }
    socket.setTimeout(PATIENCE_MS, () => fail('accepts connections and says nothing'));
    socket.once('error', reject);
    socket.once('close', () => fail('closed the connection'));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 5) return;
      if (received[4] !== PROTOCOL_VERSION) return fail('does not greet as a MySQL server does');
      socket.destroy();
      resolve();
    });
  });
}
