/** A catch-up goes at the pace that source and target bear. */
import { expect, test } from 'vitest';
import { SourceChanges } from './change-source.js';
import { customers, target, withMoved } from './with-moved.js';

test('every chunk is paced, new ones and those of the quarantine too', { timeout: 300_000 }, () =>
  withMoved(
    async (moved) => {
      const { run, legacy, value } = moved;
      const ids = await customers(moved);
      const [bad, model] = ids as [string, string];
      await legacy.query(`update legacy_customers set email = 'nobody' where id = '${bad}'`);
      await run.catchUp();
      await legacy.query(`update legacy_customers set email = 'good@example.com' where id = '${bad}'`);
      await run.retry('customers');
      await legacy.query(`update legacy_customers set company_name = company_name || ' Ltd'`);
      for (let i = 0; i < 25; i++)
        await new SourceChanges(legacy, 79).clone('legacy_customers', model, String(90_000_100 + i), {
          customer_code: `'PACED-${i}'`,
        });
      const trace: string[] = [];
      const answer = await run.attempt('customers', {
        number: 10,
        pace: async () => void trace.push('pace'),
        at: (point) => void (point === 'chunk-caught-up' && trace.push(point)),
      });
      expect(answer).toMatchObject({ done: true });
      const chunks = Number(await value(`select count(*) from migration.chunks where step = 'customers'`));
      expect(trace.filter((entry) => entry === 'chunk-caught-up').length).toBeGreaterThan(chunks / 2);
      expect(trace.filter((entry) => entry === 'pace')).toHaveLength(chunks);
      const before = trace.filter((_, i) => trace[i + 1] === 'chunk-caught-up');
      expect(new Set(before)).toEqual(new Set(['pace']));
    },
    { rows: 600 },
  ),
);

test('a pause ends the rest before a chunk, which is not begun any more', { timeout: 300_000 }, () =>
  withMoved(
    async (moved) => {
      const { run, legacy, value } = moved;
      const [changed] = (await customers(moved)) as [string];
      await legacy.query(`update legacy_customers set company_name = 'Changed' where id = '${changed}'`);
      const pause = new AbortController();
      const answer = await run.attempt('customers', {
        number: 1,
        pause: pause.signal,
        pace: (signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true });
            setImmediate(() => pause.abort());
          }),
      });
      expect(answer).toMatchObject({ done: false, updated: 0 });
      expect(await value(`select company_name from customers where ${target(changed)}`)).not.toBe('Changed');
      expect(await run.attempt('customers', { number: 1 })).toMatchObject({ done: true, updated: 1 });
      expect(await value(`select company_name from customers where ${target(changed)}`)).toBe('Changed');
    },
    { rows: 300 },
  ),
);
