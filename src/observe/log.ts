import pino, { type Logger } from 'pino';

/** The process's own log: one JSON line an event on standard error, so that standard output stays for results. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}

/** What goes beside a message: errors as their words, and nothing that only machines can use. */
export function plainFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      if (name === 'taskToken') return [];
      return [[name, value instanceof Error ? wordsOf(value) : value]];
    }),
  );
}

function wordsOf(error: Error): Record<string, unknown> {
  const type = 'type' in error ? { type: error.type } : {};
  const cause = error.cause instanceof Error ? { cause: wordsOf(error.cause) } : {};
  return { message: error.message, ...type, ...cause };
}
