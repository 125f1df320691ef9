import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { headerBytes, RowSplitter, trailer } from '../../../src/engine/postgres/split-rows.js';
import { noRows } from '../../../src/engine/source/chunk-buffer.js';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { rowsUnless } from '../../../src/engine/verify/rows-unless.js';

/** As PostgreSQL sends it: signature, flags, length of an extension that is not there. */
const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);

/** One with a null, one with an empty text, and one of bytes that look like a trailer. */
const rows: readonly (readonly (string | Buffer | null)[])[] = [
  ['a', null],
  ['', 'some text'],
  [trailer, Buffer.alloc(6, 0xff)],
];

function tuplesOf(some: typeof rows): Buffer {
  const out = new TupleWriter(64);
  for (const row of some) {
    out.beginRow(row.length);
    for (const value of row) {
      if (value === null) out.null();
      else if (typeof value === 'string') out.text(value);
      else out.copy(value, 0, value.length);
    }
  }
  return out.bytes.subarray(0, out.position);
}

function copyOf(tuples: Buffer): Buffer {
  return Buffer.concat([header, tuples, trailer]);
}

type Cut = readonly Buffer[];

/** In one block, in two at every possible place, byte by byte, and with blocks that are empty. */
function cutsOf(bytes: Buffer): Cut[] {
  const twice = Array.from({ length: bytes.length + 1 }, (_, at) => [
    bytes.subarray(0, at),
    bytes.subarray(at),
  ]);
  const bytewise = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
  return [[bytes], ...twice, bytewise];
}

/** What is answered, in a form that compares; the message of what is thrown. */
async function answer(blocks: Cut, expected: Buffer): Promise<unknown> {
  try {
    const found = await rowsUnless(Readable.from(blocks), expected);
    return found && shown(found);
  } catch (error) {
    return (error as Error).message;
  }
}

function shown({ bytes, offsets, rows: count }: typeof noRows): unknown {
  return { bytes: bytes.toString('hex'), offsets: [...offsets.subarray(0, count + 1)], rows: count };
}

/** All rows of a COPY in one chunk, without comparing anything; the message where it is none. */
function rowsIn(copy: Buffer): unknown {
  const splitter = new RowSplitter({ rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER });
  try {
    return shown([...splitter.push(copy), ...splitter.finish()][0] ?? noRows);
  } catch (error) {
    return (error as Error).message;
  }
}

/** The same answer however the COPY is cut into blocks. */
async function answerOf(copy: Buffer, expected: Buffer): Promise<unknown> {
  const answers = await Promise.all(cutsOf(copy).map((cut) => answer(cut, expected)));
  for (const other of answers) expect(other).toEqual(answers[0]);
  return answers[0];
}

const tuples = tuplesOf(rows);

it('has a header of the length that is stepped over', () => {
  expect(header).toHaveLength(headerBytes);
});

describe('rows that are as expected', () => {
  it.each([
    ['several', tuples],
    ['one', tuplesOf(rows.slice(0, 1))],
    ['none', Buffer.alloc(0)],
  ])('are not answered: %s', async (_name, expected) => {
    expect(await answerOf(copyOf(expected), expected)).toBeUndefined();
  });

  it('may stand in the middle of a larger buffer', async () => {
    const larger = Buffer.concat([Buffer.from('before'), tuples, Buffer.from('behind')]);
    const expected = larger.subarray(6, 6 + tuples.length);
    expect(await answerOf(copyOf(tuples), expected)).toBeUndefined();
  });
});

describe('all rows that came are answered', () => {
  it.each([
    ['a row too many at the end', rows, rows.slice(0, 2)],
    ['a row too many at the beginning', rows, rows.slice(1)],
    ['a row too few at the end', rows.slice(0, 2), rows],
    ['a row too few in the middle', [rows[0], rows[2]], rows],
    ['a row twice', [...rows, rows[2]], rows],
    ['others in their place', [rows[1], rows[0], rows[2]], rows],
    ['some where none were expected', rows, []],
    ['none where some were expected', [], rows],
  ] as [string, typeof rows, typeof rows][])('%s', async (_name, come, expected) => {
    const bytes = tuplesOf(come);
    const found = await answerOf(copyOf(bytes), tuplesOf(expected));
    expect(found).toMatchObject({ bytes: bytes.toString('hex'), rows: come.length });
    expect(found).toEqual(rowsIn(copyOf(bytes)));
  });

  it('with every single byte that is another', async () => {
    // Bytes of a length or of the trailer make another COPY of it, or none: what came is then read as such.
    for (let at = headerBytes; at < copyOf(tuples).length; at++)
      for (const bits of [0x01, 0x80]) {
        const copy = copyOf(tuples);
        copy[at] = (copy[at] as number) ^ bits;
        const found = await answerOf(copy, tuples);
        expect(found, `byte ${at}`).toBeDefined();
        expect(found, `byte ${at}`).toEqual(rowsIn(copy));
      }
  });

  it('of a table of more rows than a chunk ever has', async () => {
    const many = Array.from({ length: 20_000 }, (_, n) => [String(n), null]);
    const [come, expected] = [tuplesOf(many), tuplesOf([...many.slice(0, -1), ['other', null]])];
    const copy = copyOf(come);
    const blocks = Array.from({ length: Math.ceil(copy.length / 65_536) }, (_, n) =>
      copy.subarray(n * 65_536, (n + 1) * 65_536),
    );
    expect(await answer(blocks, expected)).toEqual(rowsIn(copy));
  });
});

describe('a COPY that ended before its trailer', () => {
  it.each([
    ['as expected so far', tuples],
    ['other from the first row on', tuplesOf(rows.slice(1))],
    ['other from the second row on', tuplesOf([rows[0] as (typeof rows)[number]])],
    ['where no rows were expected', Buffer.alloc(0)],
  ])('is no answer: %s', async (_name, expected) => {
    const copy = copyOf(tuples);
    for (let end = 0; end < copy.length; end++) {
      const ended = copy.subarray(0, end);
      for (const cut of [[ended], [ended.subarray(0, end / 2), ended.subarray(end / 2)]])
        expect(await answer(cut, expected), `after ${end} bytes`).toMatch(/ended before its trailer/);
    }
  });
});
