import type { Context } from '@temporalio/activity';
import { QueryNotRegisteredError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { ActivityReport, Steering } from '../src/contract/activity-report.js';
import { reportQuery } from '../src/contract/names.js';
import type { Answer } from './steering.js';

/** The first one comes soon, so that a short step shows something, and not at once, so that a question costs nothing. */
const firstAfterMs = 300;
const everyMs = 1_000;
/** A run that does not answer within this is not waited for. */
const deadlineMs = 2_000;

/**
 * Tells the run how far the activity is, by a query: its live figures cost no event of its history. The answer says what
 * the run wants.
 */
export class Reporter {
  readonly #context: Context;
  readonly #report: () => ActivityReport;
  #asking: Promise<Answer> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(context: Context, report: () => ActivityReport) {
    this.#context = context;
    this.#report = report;
  }

  /** Reports about once a second from now on, until it is closed or the run turns out not to know the question. */
  start(heed: (answer: Answer) => void): void {
    const again = async () => {
      const answer = await this.ask();
      if (this.#closed) return;
      heed(answer);
      if (answer !== 'unknown') this.#timer = setTimeout(() => void again(), everyMs);
    };
    this.#timer = setTimeout(() => void again(), firstAfterMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Reports now; a question that is under way is waited for instead. Never rejects. */
  ask(): Promise<Answer> {
    this.#asking ??= this.#query().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #query(): Promise<Answer> {
    const { workflowId = '', runId } = this.#context.info.workflowExecution ?? {};
    try {
      const { client } = this.#context;
      // The SDK ends a cancelled activity's own calls; just then this one is needed.
      return await client.withAbortSignal(new AbortController().signal, () =>
        client.withDeadline(Date.now() + deadlineMs, () =>
          client.workflow
            .getHandle(workflowId, runId)
            .query<Steering, [ActivityReport]>(reportQuery, this.#report()),
        ),
      );
    } catch (error) {
      if (error instanceof QueryNotRegisteredError) return 'unknown';
      if (error instanceof WorkflowNotFoundError) return 'gone';
      this.#context.log.debug('The run has not answered a report.', {
        reason: error instanceof Error ? error.message : String(error),
      });
      return 'unheard';
    }
  }
}
