import { ActivityCancellationDetails } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SteeredEnd, type Answer } from '../../activities/steering.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const cancelRequested = new ActivityCancellationDetails({ cancelRequested: true });

/** An end whose run answers what `says` holds at that moment. */
function steered(says: Answer) {
  const run = { says, asked: 0 };
  const end = new SteeredEnd(async () => {
    run.asked++;
    return run.says;
  });
  const state = () => (end.signal.aborted ? 'stop' : end.pause.aborted ? 'pause' : 'go');
  return { run, end, state };
}

describe('a cancellation that the run asked for', () => {
  test.each<Answer>(['pause', 'go', 'unknown'])(
    'lets what is in hand be committed, for 3 s at the most, when it answers %s',
    async (answer) => {
      const { end, state } = steered(answer);
      end.cancel(cancelRequested);
      expect(state()).toBe('pause');
      await vi.advanceTimersByTimeAsync(2_990);
      expect(state()).toBe('pause');
      await vi.advanceTimersByTimeAsync(20);
      expect(state()).toBe('stop');
    },
  );

  test.each<Answer>(['stop', 'gone'])(
    'drops what is in hand at once when the answer is %s',
    async (answer) => {
      const { end, state } = steered(answer);
      end.cancel(cancelRequested);
      await vi.advanceTimersByTimeAsync(0);
      expect(state()).toBe('stop');
    },
  );

  test('becomes a stop within 250 ms when an operator stops what is being paused', async () => {
    const { run, end, state } = steered('pause');
    end.cancel(cancelRequested);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state()).toBe('pause');
    run.says = 'stop';
    await vi.advanceTimersByTimeAsync(250);
    expect(state()).toBe('stop');
  });

  test('drops what is in hand in time for an emergency stop when the run does not answer', async () => {
    const { end, state } = steered('unheard');
    end.cancel(cancelRequested);
    await vi.advanceTimersByTimeAsync(1_490);
    expect(state()).toBe('pause');
    await vi.advanceTimersByTimeAsync(20);
    expect(state()).toBe('stop');
  });
});

test('a worker that is shut down has 20 s for what it has in hand, and the run is not asked', async () => {
  const { run, end, state } = steered('go');
  end.cancel(new ActivityCancellationDetails({ workerShutdown: true }));
  await vi.advanceTimersByTimeAsync(19_990);
  expect(state()).toBe('pause');
  await vi.advanceTimersByTimeAsync(20);
  expect(state()).toBe('stop');
  expect(run.asked).toBe(0);
});

test.each(['notFound', 'timedOut'] as const)(
  'an attempt that Temporal has given up (%s) drops what is in hand at once',
  (why) => {
    const { end, state } = steered('go');
    end.cancel(new ActivityCancellationDetails({ [why]: true }));
    expect(state()).toBe('stop');
  },
);

test.each(['paused', 'reset'] as const)("Temporal's own tools (%s) end it softly", async (how) => {
  const { end, state } = steered('go');
  end.cancel(new ActivityCancellationDetails({ [how]: true }));
  await vi.advanceTimersByTimeAsync(2_990);
  expect(state()).toBe('pause');
});

test('what the run answers to a report counts before its cancellation comes', async () => {
  const { end, state } = steered('pause');
  end.heed('go');
  end.heed('unheard');
  expect(state()).toBe('go');
  end.heed('pause');
  expect(state()).toBe('pause');
  end.heed('stop');
  expect(state()).toBe('stop');
});

test('nothing is asked or aborted after the end', async () => {
  const { run, end, state } = steered('pause');
  end.cancel(cancelRequested);
  await vi.advanceTimersByTimeAsync(300);
  end.close();
  const { asked } = run;
  await vi.advanceTimersByTimeAsync(60_000);
  end.heed('stop');
  expect(state()).toBe('pause');
  expect(run.asked).toBe(asked);
});
