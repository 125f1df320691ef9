import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createRunEnvironment } from '../../helpers/run-environment.js';
import { startWorkerProcess } from '../../helpers/worker-process.js';
import { numbers, type Engine, type Legacy } from './engines.js';

const mebibyte = 1_048_576;
/** Of one cell. */
const size = 50 * mebibyte;
const rows = 3_000;

/**
 * Most that the worker may take: what it takes idle, and a few copies of one row (read, transformed, sent, and compared
 * with what the target has), not of all of them.
 */
const mostMemory = 600 * mebibyte;

async function seed(legacy: Legacy): Promise<void> {
  const company = 'id integer primary key, company_name varchar(100), email varchar(100)';
  await legacy.run(`create table legacy_suppliers (${company}, supplier_code varchar(50))`);
  await legacy.run(`create table legacy_vendors (${company}, vendor_code varchar(50))`);
  const text = legacy.engine === 'postgres' ? 'text' : 'longtext';
  await legacy.run(
    `create table legacy_products (id integer primary key, sku varchar(50), name varchar(50), description ${text})`,
  );
  await legacy.run(
    `insert into legacy_products select n, concat('sku-', n), concat('name ', n), 'short' from ${numbers} s where n < ${rows}`,
  );
  // Two in a row: in one chunk, if the chunk did not end with each.
  for (const [n, letter] of ['x', 'é'].entries())
    await legacy.run(
      `update legacy_products set description = concat('<', repeat('${letter}', ${size / Buffer.byteLength(letter)}), '>')
       where id = ${rows / 2 + n}`,
    );
}

/** Cells of 50 MB in the middle of a table move whole, and the worker's memory does not grow with their number. */
export function movesHugeCells(engine: () => Engine): void {
  it('cells of 50 MB move whole, in bounded memory', async () => {
    const legacy = await engine().createLegacy();
    const environment = await createRunEnvironment({ SOURCE_DATABASE_URL: legacy.url });
    try {
      await seed(legacy);
      const worker = await startWorkerProcess(environment);
      try {
        const run = await environment.start({ tables: ['products'], backup: false, minQualityScore: 0 });
        const ended = await environment.waitFor(run, ({ state }) => state !== 'running');
        expect(ended).toMatchObject({ state: 'completed', lastError: null });
        expect(ended.steps.find(({ step }) => step === 'products')).toMatchObject({
          read: rows,
          migrated: rows,
          differences: 0,
        });
        expect(await peakMemory(worker.pid)).toBeLessThan(mostMemory);
      } finally {
        await worker.stop();
      }
      expect(
        await environment.query(
          'target',
          `select external_id as id, length(description) as letters, left(description, 2) || right(description, 2) as ends
           from products where length(description) > 10 order by external_id`,
        ),
      ).toEqual([
        { id: rows / 2, letters: size + 2, ends: '<xx>' },
        { id: rows / 2 + 1, letters: size / 2 + 2, ends: '<éé>' },
      ]);
    } finally {
      await environment.close();
      await legacy.close();
    }
  }, 180_000);
}

/** The most that a process has had in memory since it began, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
