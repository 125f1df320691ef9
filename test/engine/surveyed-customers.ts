import { Client } from 'pg';
import { parseRunInput } from '../../src/contract/input.js';
import { connect } from '../../src/engine/postgres/connect.js';
import { openPostgresSource } from '../../src/engine/postgres/source.js';
import type { SourceDatabase } from '../../src/engine/source/types.js';
import { openStep, type Step } from '../../src/engine/step.js';
import { surveyStep, type Survey } from '../../src/engine/survey/survey-step.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { migrateStore } from '../../src/store/migrate-store.js';
import { enterRun } from '../../src/store/runs.js';
import { withDatabase } from '../helpers/databases.js';

export const ref = { run: 'run-of-customers', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };

export interface SurveyedCustomers {
  readonly step: Step;
  readonly survey: Survey;
  readonly source: SourceDatabase;
  /** to the target, for looking */
  readonly client: Client;
  /** opens another one */
  readonly connectTarget: () => Promise<Client>;
  readonly targetUrl: string;
}

/** Customers with what the mapping needs of them, all of them good. */
export async function makeCustomers(url: string, rows: number): Promise<void> {
  const legacy = new Client({ connectionString: url });
  await legacy.connect();
  await legacy.query(
    `create table legacy_customers (id int primary key, customer_code text, company_name text, email text);
     insert into legacy_customers
     select i, 'CUST-' || i, 'Company ' || i, 'c' || i || '@company.example' from generate_series(1, ${rows}) i`,
  );
  await legacy.end();
}

/** Gives `use` the step `customers` of a run, ready to be moved. `seed` fills the legacy database. */
export function withSurveyedCustomers(
  seed: (legacyUrl: string) => Promise<unknown>,
  use: (customers: SurveyedCustomers) => Promise<void>,
): Promise<void> {
  return withDatabase((legacyUrl) =>
    withDatabase(async (targetUrl) => {
      await seed(legacyUrl);
      const source = await openPostgresSource({ connectionString: legacyUrl });
      const connectTarget = () => connect({ connectionString: targetUrl });
      const client = await connectTarget();
      try {
        const step = await customersStep(source, client);
        const { signal } = new AbortController();
        const survey = await surveyStep(step, source, client, { rangeRows: 250_000, signal, progress: () => undefined });
        await use({ step, survey, source, client, connectTarget, targetUrl });
      } finally {
        await client.end();
        await source.close();
      }
    }),
  );
}

async function customersStep(source: SourceDatabase, client: Client): Promise<Step> {
  const [entity] = nxtPlan.entities.filter(({ step }) => step === 'customers');
  const input = parseRunInput({});
  if (!entity || 'problems' in input) throw new Error('the plan or the input has changed');
  await migrateStore(client);
  await enterRun(client, ref, ref.run, input.settings, [entity]);
  await prepareTargetSchema(client, nxtPlan);
  const settings = {
    runStartMicros: 0n,
    runStartIso: ref.startedAt,
    sourceTimeZone: 'UTC',
    defaultCountry: 'US',
    ignoredTaxIds: [],
  };
  return openStep({ ref, plan: nxtPlan, entity, settings }, source, client);
}
