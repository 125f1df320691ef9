import { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { copyOut } from '../../src/store/copy-streams.js';

/** A socket whose blocks are as small as they may come: messages begin and end anywhere in them. */
class SmallBlocks extends Socket {
  #n = 0;

  override push(chunk: Buffer | null): boolean {
    if (chunk === null) return super.push(chunk);
    let more = true;
    for (let at = 0; at < chunk.length;) {
      const size = 1 + (this.#n++ % 11);
      more = super.push(chunk.subarray(at, at + size));
      at += size;
    }
    return more;
  }
}

const rows = 'select i, repeat(chr(97 + i % 26), i % 400) as text from generate_series(1, 3000) i';

let client: pg.Client;
beforeEach(async () => {
  client = new pg.Client({ connectionString: inject('postgresUrl'), stream: () => new SmallBlocks() });
  client.on('error', () => undefined);
  await client.connect();
});
afterEach(() => client.end());

async function expected(): Promise<string> {
  const { rows: found } = await client.query<{ i: number; text: string }>(rows);
  return found.map(({ i, text }) => `${i}\t${text}\n`).join('');
}

test('rows come whole, wherever the blocks of the socket end, and the connection is as before', async () => {
  expect((await buffer(copyOut(client, `copy (${rows}) to stdout`))).toString()).toBe(await expected());
  expect(await buffer(copyOut(client, 'copy (select 1 where false) to stdout'))).toHaveLength(0);
});

test('as many as there are on one connection, the driver is left as it was found', async () => {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const before = stream.listeners('data');
  for (let i = 0; i < 20; i++)
    expect((await buffer(copyOut(client, `copy (select ${i}) to stdout`))).toString()).toBe(`${i}\n`);
  expect(stream.listeners('data')).toEqual(before);
});

test('what the server says between rows is none', async () => {
  const noisy = `copy (select i, pg_temp.say(i) from generate_series(1, 50) i) to stdout`;
  await client.query(
    `create function pg_temp.say(i int) returns int language plpgsql as 'begin raise notice ''row %'', i; return -i; end'`,
  );
  const lines = (await buffer(copyOut(client, noisy))).toString().trimEnd().split('\n');
  expect(lines).toEqual(Array.from({ length: 50 }, (_, i) => `${i + 1}\t-${i + 1}`));
});

test('an error in the middle is the error of the stream, and the connection goes on', async () => {
  const bad = copyOut(client, 'copy (select 1 / (2000 - i) from generate_series(1, 3000) i) to stdout');
  await expect(buffer(bad)).rejects.toMatchObject({ code: '22012' });
  await expect(buffer(copyOut(client, 'copy nowhere to stdout'))).rejects.toMatchObject({ code: '42P01' });
  expect((await client.query('select 7 as n')).rows).toEqual([{ n: 7 }]);
});

test('a connection that is lost in the middle is an error, not an end', async () => {
  const endless = copyOut(
    client,
    `copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout`,
  );
  const reading = (async () => {
    for await (const _ of endless)
      (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  })();
  await expect(reading).rejects.toThrow('Connection terminated');
});

test('a reader that rests lets the server wait', async () => {
  const stream = copyOut(client, `copy (select repeat('x', 1000) from generate_series(1, 20000)) to stdout`);
  stream.once('readable', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(stream.readableLength).toBeLessThan(1 << 20);
  expect(await buffer(stream)).toHaveLength(20_000 * 1001);
});
