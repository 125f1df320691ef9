import { Client } from 'pg';
import { parseDatabaseUrl } from '../../src/config/parse-database-url.js';
import { parseRunInput } from '../../src/contract/input.js';
import { connect } from '../../src/engine/postgres/connect.js';
import { openSource } from '../../src/engine/source/open-source.js';
import type { SourceDatabase } from '../../src/engine/source/types.js';
import { openStep, type Step } from '../../src/engine/step.js';
import { surveyStep, type Survey } from '../../src/engine/survey/survey-step.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { migrateStore } from '../../src/store/migrate-store.js';
import { enterRun } from '../../src/store/runs.js';
import { createDatabase, withDatabase, type TestDatabase } from '../helpers/databases.js';
import { queryMysql } from '../helpers/mysql-servers.js';

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
  readonly legacyUrl: string;
}

/** Customers with what the mapping needs of them, all of them good; `noteLength` characters make their rows wide. */
export async function makeCustomers(url: string, rows: number, noteLength = 0): Promise<void> {
  const values = Array.from(
    { length: rows },
    (_, i) => `(${i}, 'CUST-${i}', 'Company ${i}', 'c${i}@company.example', repeat('x', ${noteLength}))`,
  );
  const statements = [
    'create table legacy_customers (id int primary key, customer_code text, company_name text, email text, note text)',
    `insert into legacy_customers values ${values.join(', ')}`,
  ];
  if (url.startsWith('mysql:')) {
    for (const statement of statements) await queryMysql(url, statement);
    return;
  }
  const legacy = new Client({ connectionString: url });
  await legacy.connect();
  for (const statement of statements) await legacy.query(statement);
  await legacy.end();
}

export function openLegacy(url: string): Promise<SourceDatabase> {
  const { url: address, problems } = parseDatabaseUrl(url);
  if (!address) throw new Error(problems.join('; '));
  return openSource(address, { connectionTimeoutMs: 10_000 });
}

/** Gives `use` the step `customers` of a run, ready to be moved. `seed` fills the legacy database, in PostgreSQL unless told. */
export async function withSurveyedCustomers(
  seed: (legacyUrl: string) => Promise<unknown>,
  use: (customers: SurveyedCustomers) => Promise<void>,
  createLegacy: () => Promise<TestDatabase> = () => createDatabase('legacy'),
): Promise<void> {
  const legacy = await createLegacy();
  try {
    await seed(legacy.url);
    await withDatabase(async (targetUrl) => {
      const source = await openLegacy(legacy.url);
      const connectTarget = () => connect({ connectionString: targetUrl });
      const client = await connectTarget();
      try {
        const step = await customersStep(source, client);
        const { signal } = new AbortController();
        const survey = await surveyStep(step, source, client, {
          rangeRows: 250_000,
          signal,
          progress: () => undefined,
        });
        await use({ step, survey, source, client, connectTarget, targetUrl, legacyUrl: legacy.url });
      } finally {
        await client.end();
        await source.close();
      }
    });
  } finally {
    await legacy.drop();
  }
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
