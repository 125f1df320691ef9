import { expect, test } from 'vitest';
import { bar, percent, timeOfDay, timeSpan, wholePercent, wrap } from '../../src/report/format.js';

test('a share is 100% only when it is whole, and 0% only when there is nothing', () => {
  expect([1, 0.99999, 0.998, 0.5, 0.00001, 0].map(percent)).toEqual([
    '100%',
    '99.9%',
    '99.8%',
    '50%',
    '0.1%',
    '0%',
  ]);
  expect(wholePercent(4_999, 5_000)).toBe(99);
  expect(wholePercent(1_250, 5_000)).toBe(25);
});

test('time spans have two units at most', () => {
  expect([8.4, 125, 14_382].map(timeSpan)).toEqual(['8s', '2m 05s', '3h 59m']);
});

test('a time of day shows its zone', () => {
  expect(timeOfDay(new Date('2025-01-19T10:00:00Z'), 'UTC')).toBe('10:00:00 UTC');
  expect(timeOfDay(new Date('2025-01-19T10:00:00Z'), 'America/New_York')).toBe('05:00:00 GMT-5');
});

test('bars and wrapped texts keep their width', () => {
  expect(bar(0.5, 10)).toBe('█████░░░░░');
  expect(bar(7, 4)).toBe('████');
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
});
