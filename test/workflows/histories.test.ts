/**
 * Histories of every control path, replayed through today's workflow: a change that breaks the replay of one breaks open
 * runs. With `RECORD_HISTORIES=1` they are first recorded anew, on real servers.
 */
import { homedir, hostname, tmpdir } from 'node:os';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { loadConfig } from '../../src/config/load-config.js';
import { signalNames, updateNames } from '../../src/contract/names.js';
import { createKeeper } from '../../src/servers/keeper.js';
import { startTemporalDevServer } from '../../src/servers/temporal-dev-server.js';
import { builtProduct } from '../helpers/built-product.js';
import {
  attributesOf,
  historyOf,
  payloadsIn,
  readHistories,
  scenarioOf,
  textOf,
  writeHistories,
  type RecordedEvent,
  type RecordedHistory,
} from './histories/history-files.js';
import { historiesOf } from './histories/record.js';
import { scenarios } from './histories/scenarios/index.js';
import { play, type Scenario } from './histories/scene.js';

const recording = process.env['RECORD_HISTORIES'] === '1';

describe('recorded histories', () => {
  // Written first, where that is asked for.
  it.for(recording ? scenarios : [])('%s', { timeout: 120_000 }, async ([name, scenario]) => {
    const histories = await onServer(scenario, (address) =>
      play(scenario, address, async ({ environment, runs }) => {
        const all = await Promise.all(runs.map((run) => historiesOf(run, environment)));
        return all.flat();
      }),
    );
    expect(histories).not.toEqual([]);
    await writeHistories(name, histories);
  });

  describe('replayed', () => {
    let histories: Map<string, RecordedHistory>;
    let replay: (histories: Iterable<[string, RecordedHistory]>) => Promise<Map<string, Error | undefined>>;

    beforeAll(async () => {
      histories = await readHistories();
      const workflowBundle = { codePath: await builtProduct('workflow-bundle.js') };
      replay = async (given) => {
        const results = new Map<string, Error | undefined>();
        const named = [...given].map(([workflowId, recorded]) => ({
          workflowId,
          history: historyOf(recorded),
        }));
        for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, named))
          results.set(workflowId, error);
        return results;
      };
    });

    it('are all taken up by the workflow of today', async () => {
      const results = await replay(histories);
      expect([...results.keys()].toSorted()).toEqual([...histories.keys()]);
      expect([...results].flatMap(([name, error]) => (error ? `${name}: ${error.message}` : []))).toEqual([]);
    });

    it('of other commands than the workflow gives are refused', async () => {
      const altered = structuredClone(historyNamed('auto-unverified'));
      const scheduled = altered.events.filter(({ eventType }) =>
        eventType.endsWith('ACTIVITY_TASK_SCHEDULED'),
      );
      const activityType = attributesOf(at(scheduled, 3))['activityType'];
      expect(activityType).toEqual({ name: 'inspectSource' });
      Object.assign(activityType as object, { name: 'checkDisk' });
      const results = await replay([['altered', altered]]);
      expect(results.get('altered')).toBeInstanceOf(DeterminismViolationError);
    });

    it('are there for every scenario', () => {
      const names = [...new Set([...histories.keys()].map(scenarioOf))];
      expect(names).toEqual(scenarios.map(([name]) => name).toSorted());
    });

    it('have every activity, signal, update and way to close', () => {
      const events = [...histories.values()].flatMap((history) => history.events);
      const seen = (eventType: string, name: (attributes: Record<string, unknown>) => unknown) =>
        new Set(
          events
            .filter((event) => event.eventType === eventType)
            .map((event) => name({ ...attributesOf(event) })),
        );
      const nameIn = (value: unknown) =>
        typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;

      const url = 'postgres://nobody@127.0.0.1:1/nowhere';
      const config = loadConfig({ SOURCE_DATABASE_URL: `${url}-source`, DATABASE_URL: url });
      // Called only where a worker has died in the middle of an act that was interrupted: no scenario kills its worker.
      const activities = Object.keys(createActivities(config, { searchAttributes: true })).filter(
        (name) => name !== 'countStep',
      );
      const scheduled = seen('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', ({ activityType }) =>
        nameIn(activityType),
      );
      expect(scheduled).toEqual(new Set(activities));

      const signals = seen('EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED', ({ signalName }) => signalName);
      expect([...signals]).toEqual(expect.arrayContaining(Object.values(signalNames)));

      const accepted = JSON.stringify(
        events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED'),
      );
      const updates = Object.values(updateNames);
      expect(updates.filter((update) => !accepted.includes(`"name":"${update}"`))).toEqual([]);

      const closed = new Set([...histories.values()].map((history) => at(history.events, -1).eventType));
      expect(closed).toEqual(
        new Set([
          'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED',
          'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED',
          'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
          'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED',
          'EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED',
        ]),
      );
    });

    it('tell nothing of people, nor of the machine that they were recorded on', () => {
      // A home that is the root of everything stands in every path.
      const homes = recording
        ? [homedir(), tmpdir(), process.cwd(), hostname()].filter((word) => word !== '/')
        : [];
      for (const [name, history] of histories) {
        const text = JSON.stringify(history) + payloadsIn(history).map(textOf).join('\n');
        expect(text, name).not.toMatch(/[\w.+-]@[\w-]+\.[a-z]/i);
        expect(text, name).not.toMatch(/node_modules|\.[jt]s:\d+/);
        expect(
          homes.filter((word) => text.includes(word)),
          name,
        ).toEqual([]);
        const identities = [...text.matchAll(/"identity":"([^"]*)"/g)].map(([, who]) => who);
        expect(new Set(['worker', 'operator', ...identities]), name).toEqual(new Set(['worker', 'operator']));
      }
    });

    /**
     * Rows and ranges are none of Temporal's business: an activity moves ranges until none is left, and says so once. What
     * a run of seven tables adds to its history, whatever is in them:
     *
     *     activities   prepare 9; each step: survey, its lanes, completion, a look at what is to be compared, its lanes
     *                  again; at the end 3 checks and 3 to close
     *     events       each activity 3 (scheduled, started, completed) and at the most a workflow task of its own, 3, and
     *                  one upsert of search attributes; besides, the run's first task, its start, end and timer
     *
     * Lanes are what moves side by side, `MIGRATION_PARALLEL_MAX_CONCURRENT` at the most, and not more than there are
     * ranges: with 16 a billion rows in a thousand ranges stay under 2,000 events; beyond 32 Temporal may suggest a new
     * history (at 4,096 events), and the run goes on in one.
     */
    it('do not grow with the rows', () => {
      const small = historyNamed('auto').events;
      const large = historyNamed('auto-ten-times-the-rows').events;
      expect(large.length).toBe(small.length);
      expect(large.length).toBeLessThan(450);

      const scheduled = 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED';
      const activities = small.filter(({ eventType }) => eventType === scheduled).length;
      const [steps, aroundSteps, perStep, besides] = [7, 15, 3, 8];
      const activitiesWith = (lanes: number) => aroundSteps + steps * (perStep + 2 * lanes);
      expect(activities).toBe(activitiesWith(1));
      const eventsWith = (lanes: number) => besides + activitiesWith(lanes) * (3 + 3 + 1);
      expect(small.length).toBeLessThanOrEqual(eventsWith(1));
      expect(eventsWith(3)).toBeLessThan(600);
      expect(eventsWith(16)).toBeLessThan(2_000);
      expect(eventsWith(32)).toBeLessThan(4_096);
    });

    function historyNamed(name: string): RecordedHistory {
      const history = histories.get(name);
      if (!history) throw new Error(`no history ${name} is recorded`);
      return history;
    }
  });
});

function at(events: readonly RecordedEvent[], index: number): RecordedEvent {
  const event = events.at(index);
  if (!event) throw new Error('the history has no such event');
  return event;
}

/** The shared server, or one of its own where the scenario wants it to be different. */
async function onServer<T>({ dynamicConfig }: Scenario, work: (address: string) => Promise<T>): Promise<T> {
  if (!dynamicConfig) return work(inject('temporalAddress'));
  const keeper = createKeeper({ log: () => undefined });
  try {
    return await work((await startTemporalDevServer({ keeper, dynamicConfig })).address);
  } finally {
    await keeper.close();
  }
}
