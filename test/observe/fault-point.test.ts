import { expect, test } from 'vitest';
import { faultPoint } from '../../src/observe/fault-point.js';

/** The signals sent while a point is passed five times, and another one in between. */
function sentBy(environment: NodeJS.ProcessEnv): string[] {
  const sent: string[] = [];
  const at = faultPoint(environment, (signal) => sent.push(signal));
  for (let passing = 1; passing <= 5; passing++) {
    at?.('in-copy');
    at?.('after-copy');
  }
  return sent;
}

test('a signal is sent once, at the passing that was asked for', () => {
  expect(sentBy({ NXT_FAULT_POINT: 'in-copy' })).toEqual(['SIGKILL']);
  expect(sentBy({ NXT_FAULT_POINT: 'in-copy:5:SIGSTOP' })).toEqual(['SIGSTOP']);
  expect(sentBy({ NXT_FAULT_POINT: 'in-copy:6' })).toEqual([]);
});

test('nothing is sent unless asked for, and never in production', () => {
  expect(faultPoint({})).toBeUndefined();
  expect(faultPoint({ NXT_FAULT_POINT: '' })).toBeUndefined();
  expect(faultPoint({ NXT_FAULT_POINT: 'in-copy', NODE_ENV: 'production' })).toBeUndefined();
});

test.each(['nowhere', 'in-copy:0', 'in-copy:x', 'in-copy:1:SIGHUP'])('%s is refused by name', (wanted) => {
  expect(() => faultPoint({ NXT_FAULT_POINT: wanted })).toThrow(`is no point of a run: ${wanted}`);
});
