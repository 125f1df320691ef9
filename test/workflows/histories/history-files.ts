import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import proto, { type temporal } from '@temporalio/proto';

const folder = path.resolve(import.meta.dirname, '../../data/histories');

/** A payload as Temporal's JSON has it: `data` in base64. */
export interface RecordedPayload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

/** An event as Temporal's JSON has it, but for its times. */
export interface RecordedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

export interface RecordedHistory {
  readonly events: readonly RecordedEvent[];
}

type History = temporal.api.history.v1.IHistory;
const { History } = proto.temporal.api.history.v1;

/*
 * Not by the SDK's `historyToJSON` and `historyFromJSON`: they fail where npm puts protobufjs into several places, as it
 * does beside another version of it ("type must be a Type").
 */

/** A history as it is kept. */
export function recordedOf(history: History): RecordedHistory {
  const message = History.fromObject(history);
  return History.toObject(message, { longs: String, enums: String, bytes: String }) as RecordedHistory;
}

/** A history that can be replayed. */
export function historyOf(recorded: RecordedHistory): History {
  return History.fromObject(recorded);
}

/** All that are recorded, by the name of their file. */
export async function readHistories(): Promise<Map<string, RecordedHistory>> {
  const names = (await readdir(folder)).map((file) => path.basename(file, '.json')).toSorted();
  const histories = new Map<string, RecordedHistory>();
  for (const name of names)
    histories.set(name, JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8')));
  return histories;
}

/** In place of what was recorded under that name. One event a line, so that two recordings can be compared. */
export async function writeHistories(name: string, recorded: readonly RecordedHistory[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(folder))
    if (scenarioOf(path.basename(file, '.json')) === name) await rm(path.join(folder, file));
  for (const [i, { events }] of recorded.entries()) {
    const lines = events.map((event) => JSON.stringify(event)).join(',\n');
    const file = recorded.length === 1 ? name : `${name}-${i + 1}`;
    await writeFile(path.join(folder, `${file}.json`), `{"events":[\n${lines}\n]}\n`);
  }
}

/** By the name of a file: a scenario with several histories has them numbered. */
export function scenarioOf(name: string): string {
  return name.replace(/-\d+$/, '');
}

/** Every payload that is somewhere in the value. */
export function payloadsIn(value: unknown): RecordedPayload[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isPayload(value)) return [value];
  return Object.values(value).flatMap(payloadsIn);
}

export function isPayload(value: object): value is RecordedPayload {
  return 'metadata' in value && 'data' in value && typeof value.data === 'string';
}

export function textOf({ data }: RecordedPayload): string {
  return Buffer.from(data, 'base64').toString();
}

/** The event's attributes of a kind, e.g. `activityTaskScheduledEventAttributes`. */
export function attributesOf(event: RecordedEvent): Readonly<Record<string, unknown>> {
  const [, found] = Object.entries(event).find(([key]) => key.endsWith('EventAttributes')) ?? [];
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}
