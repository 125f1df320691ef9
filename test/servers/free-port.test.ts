import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts, onFreePorts, portAnswers } from '../../src/servers/free-port.js';
import { ServerDidNotStart } from '../../src/servers/server-process.js';

test('ports chosen together are different and free', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  await expect(portAnswers(ports[0] ?? 0)).rejects.toThrow('ECONNREFUSED');
});

test('a chosen port that somebody else takes before the server starts is chosen again', async () => {
  const [wanted] = await freePorts(1);
  const tried: number[][] = [];
  const started = await onFreePorts([undefined, wanted], async (ports) => {
    tried.push(ports);
    if (tried.length === 1) throw new ServerDidNotStart('no', 'bind: Address already in use');
    return 'running';
  });
  expect(started).toBe('running');
  expect(tried.map((ports) => ports[1])).toEqual([wanted, wanted]);
  expect(tried[0]?.[0]).not.toBe(tried[1]?.[0]);
});

test('a wanted port that is taken is refused with a sentence, not used by chance', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await expect(onFreePorts([port], async () => 'running')).rejects.toThrow(
      `Port ${port} on 127.0.0.1 cannot be used (EADDRINUSE)`,
    );
  } finally {
    other.close();
  }
});
