/** How the workflow reads what it is sent: as Temporal's own converter does, but nothing that is sent can stop it. */
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** Stands for a payload that is no JSON, whatever it says: refused by every schema, like any other wrong argument. */
const unreadable = defaultPayloadConverter.toPayload({ unreadablePayload: true });

/**
 * A signal stays in the history for ever. Left to itself the SDK fails the workflow's task when one cannot be decoded,
 * and tries again without end: a single broken payload, sent by anyone, would stop a run for good.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload: (payload) => defaultPayloadConverter.fromPayload(isReadable(payload) ? payload : unreadable),
};

function isReadable(payload: Payload): boolean {
  try {
    // Bytes would be looked at one by one, as if each were a field.
    return !ArrayBuffer.isView(defaultPayloadConverter.fromPayload(payload));
  } catch {
    return false;
  }
}
