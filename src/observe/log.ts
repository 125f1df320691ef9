import pino, { type Logger } from 'pino';

/** The process's own log: one JSON line an event on standard error, so that standard output stays for results. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}
