/** How the workflow reads what it is sent: as Temporal's own converter does, but nothing that is sent can stop it. */
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** Stands for a payload that says it is JSON and is none: refused by every schema, like any other wrong argument. */
const unreadable = defaultPayloadConverter.toPayload({ unreadablePayload: true });

/**
 * A signal stays in the history for ever. Left to itself the SDK fails the workflow's task when one cannot be decoded,
 * and tries again without end: a single broken payload, sent by anyone, would stop a run for good.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload: (payload: Payload) => {
    try {
      return defaultPayloadConverter.fromPayload(payload);
    } catch {
      return defaultPayloadConverter.fromPayload(unreadable);
    }
  },
};
