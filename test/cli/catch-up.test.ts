import { expect, test } from 'vitest';
import { makeCustomers } from '../engine/surveyed-customers.js';
import { commandLine } from '../helpers/command-line.js';
import { createRunEnvironment } from '../helpers/run-environment.js';

test('moves what has changed, says what it was, and refuses in the words of the run', async () => {
  const environment = await createRunEnvironment();
  const type = await commandLine(environment.env);
  try {
    await makeCustomers(environment.source.url, 50);
    await environment.withWorker(async () => {
      const run = await environment.start({ mode: 'stepwise', tables: ['customers'], backup: false });
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      const early = await type('catch-up', `--session=${run.workflowId}`);
      expect(early).toMatchObject({ stdout: '', code: 1 });
      expect(early.stderr).toMatch(/^❌ ERR_002: catch-up: /);

      await run.executeUpdate('run-step', { args: [{ step: 'customers' }] });
      await environment.waitFor(run, ({ steps }) => steps[0]?.state === 'completed');
      await environment.query(
        'source',
        `with gone as (delete from legacy_customers where id = 7)
         insert into legacy_customers (id, customer_code, company_name, email) values (500, 'CUST-NEW', 'New', 'new@company.example')`,
      );
      await environment.query('source', `update legacy_customers set company_name = 'Changed' where id = 8`);
      const said = await type('catch-up', '--reason=before the switch');
      expect(said).toMatchObject({ stderr: '', code: 0 });
      expect(said.stdout).toContain('✅ customers: 1 inserted, 1 updated, 1 deleted\n');
      const again = await type('catch-up', '--json', `--session=${run.workflowId}`);
      expect(JSON.parse(again.stdout)).toMatchObject({
        run: run.workflowId,
        account: 'nothing had changed',
        state: 'waiting',
        failure: null,
      });
      expect(
        await environment.query(
          'target',
          `select customer_code as code, company_name as name from customers
           where customer_code in ('CUST-7', 'CUST-8', 'CUST-NEW') order by 1`,
        ),
      ).toEqual([
        { code: 'CUST-8', name: 'Changed' },
        { code: 'CUST-NEW', name: 'New' },
      ]);
      await run.terminate('seen');
    });
    expect(await type('catch-up', '--session=nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nowhere'),
    });
    expect(await type('catch-up', '--what')).toMatchObject({ code: 2 });
  } finally {
    await environment.close();
  }
}, 120_000);
