import { Context } from '@temporalio/activity';
import { Courtesy, type Need, type Turn } from '../src/pressure/courtesy.js';
import { quoteLiteral } from '../src/store/quote.js';
import type { Attempt } from './run-activity.js';
import type { RunContext } from './run-context.js';
import type { StepRef } from './types.js';

/** Of the rows of a step in these tables, those with work left. */
const isUnfinished = { ranges: 'done_at is null', chunks: 'verified_at is null' } as const;

interface CourteousWork<T> {
  readonly ref: StepRef;
  /** of those that work side by side, the first is 0 */
  readonly lane: number;
  /** connections that the work opens */
  readonly need: Need;
  /** what says whether there is work left */
  readonly left: keyof typeof isUnfinished;
  readonly attempt: Attempt;
  readonly work: (turn: Turn) => Promise<T>;
  /** what the work has answered is not to be gone on with */
  readonly isOver: (result: T) => boolean;
}

/** Does `work` at the pace that source and target bear, in as many turns as that takes; reports what slows it. */
export async function courteously<T>(
  context: RunContext,
  { ref, lane, need, left, attempt, work, isOver }: CourteousWork<T>,
): Promise<T> {
  const { pressure, config } = context;
  const { log } = Context.current();
  let loggedSince: string | undefined;
  const courtesy = new Courtesy({
    watch: pressure,
    first: lane === 0,
    need,
    maxConnectionShare: config.courtesy.maxConnectionShare,
    report: (throttle) => {
      if (throttle && throttle.since !== loggedSince) log.warn(throttle.reason);
      loggedSince = throttle?.since;
      attempt.progress({ throttle });
    },
    warn: (note) => log.warn(note),
    isLeft: async () => {
      const target = pressure.servers.find(({ server }) => server === 'target');
      const [answer] =
        (await target?.ask(
          `select exists (select from migration.${left} where run = ${quoteLiteral(ref.run)}
             and step = ${quoteLiteral(ref.step)} and ${isUnfinished[left]})::text as is_left`,
        )) ?? [];
      return answer?.['is_left'] !== 'false';
    },
  });
  pressure.join((note) => log.warn(note));
  try {
    return await courtesy.inTurns(attempt.pause, work, isOver);
  } finally {
    await pressure.leave();
  }
}
