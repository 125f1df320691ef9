import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';
import { ServerDidNotStart } from './server-process.js';

const LOOPBACK = '127.0.0.1';

/** Different loopback ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => holdPort(0)));
  await Promise.all(held.map(({ release }) => release()));
  return held.map(({ port }) => port);
}

/**
 * Starts a server on the wanted ports, choosing a free one wherever the wanted port is undefined. Between choice
 * and start another process may take a chosen port: then it starts again with others.
 *
 * Throws a sentence when a wanted port stays taken for a second (a server that was just killed needs a moment to
 * let go of its own).
 *
 * @param start gets one port for each wanted one, in order
 */
export async function onFreePorts<Server>(
  wanted: readonly (number | undefined)[],
  start: (ports: number[]) => Promise<Server>,
): Promise<Server> {
  for (const port of wanted) if (port !== undefined) await untilFree(port);
  for (let attempt = 1; ; attempt++) {
    const free = await freePorts(wanted.length);
    try {
      return await start(free.map((port, index) => wanted[index] ?? port));
    } catch (error) {
      const lostRace = error instanceof ServerDidNotStart && error.portTaken;
      if (!lostRace || attempt === 5) throw error;
    }
  }
}

/** Resolves when something accepts connections at the loopback port, rejects otherwise. */
export function portAnswers(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, LOOPBACK);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

async function untilFree(port: number): Promise<void> {
  const deadline = Date.now() + 1_000;
  for (;;) {
    try {
      const { release } = await holdPort(port);
      return await release();
    } catch (cause) {
      if (Date.now() > deadline)
        throw new Error(
          `Port ${port} on ${LOOPBACK} cannot be used (${errorCode(cause)}). Stop what listens there, or choose another port.`,
          { cause },
        );
      await sleep(50);
    }
  }
}

function holdPort(wanted: number): Promise<{ port: number; release: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, LOOPBACK, () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : wanted;
      resolve({ port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}
