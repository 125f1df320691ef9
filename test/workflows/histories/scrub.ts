import type { RunEnvironment } from '../../helpers/run-environment.js';
import { isPayload, textOf, type RecordedEvent, type RecordedHistory } from './history-files.js';

/** Events that come from whoever steers the run; the others come from a worker. */
const fromOperators = /STARTED|SIGNALED|CANCEL_REQUESTED|TERMINATED|UPDATE_ACCEPTED/;

/** What says nothing about the run, or names folders. */
const left = new Set(['taskId', 'requestId', 'workerVersion', 'meteringMetadata', 'stackTrace']);

/** Takes out of a history what belongs to the machine that it was recorded on. None of it is looked at in a replay. */
export function scrubbed({ events }: RecordedHistory, environment: RunEnvironment): RecordedHistory {
  const names: readonly (readonly [string, string])[] = [
    [environment.env['MIGRATION_REPORT_DIR'] ?? '', '/reports'],
    [environment.source.name, 'legacy'],
    [environment.target.name, 'target'],
    [environment.backup.name, 'backup'],
    [environment.taskQueue, 'migration'],
  ];
  const rename = (text: string) => names.reduce((all, [name, by]) => all.replaceAll(name, by), text);

  function scrub(value: unknown, who: string): unknown {
    if (typeof value === 'string') return rename(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => scrub(each, who));
    if (isPayload(value)) return { ...value, data: Buffer.from(rename(textOf(value))).toString('base64') };
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, each]) => {
        if (left.has(key)) return [];
        if (key === 'identity') return [[key, who]];
        if (key === 'name' && 'kind' in value && value.kind === 'TASK_QUEUE_KIND_STICKY')
          return [[key, 'sticky']];
        return [[key, scrub(each, who)]];
      }),
    );
  }

  return {
    events: events.map((event) => {
      const who = fromOperators.test(event.eventType.replace('TASK_STARTED', '')) ? 'operator' : 'worker';
      return scrub(event, who) as RecordedEvent;
    }),
  };
}
