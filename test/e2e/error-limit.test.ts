import { WorkflowFailedError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { createRunEnvironment } from '../helpers/run-environment.js';

it('a step that was ended for its errors is undone, also when the chunks in hand brought its rate down again', async () => {
  const environment = await createRunEnvironment();
  try {
    // The first chunk is over the limit, all that follow are good, and the table as a whole is far below it.
    await environment.query(
      'source',
      `create table legacy_customers (id int primary key, customer_code text, company_name text, email text);
       insert into legacy_customers
       select i, 'CUST-' || i, 'Company ' || i, case when i <= 15 then 'nobody' else 'c' || i || '@company.example' end
       from generate_series(1, 3000) i`,
    );
    await environment.withWorker(async () => {
      const handle = await environment.start({
        tables: ['customers'],
        batchSizes: { customers: 100 },
        minErrorSample: 100,
        backup: false,
        verify: false,
      });
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'ERR_003' });
    });
    expect(await environment.query('target', 'select count(*)::int as rows from customers')).toEqual([
      { rows: 0 },
    ]);
  } finally {
    await environment.close();
  }
});
