import proto, { type temporal } from '@temporalio/proto';
import { searchAttributes } from '../contract/names.js';

/** The part of a connection that this needs; a client's and a worker's both have it. */
interface OperatorConnection {
  readonly operatorService: {
    addSearchAttributes(
      request: temporal.api.operatorservice.v1.IAddSearchAttributesRequest,
    ): Promise<temporal.api.operatorservice.v1.IAddSearchAttributesResponse>;
    listSearchAttributes(
      request: temporal.api.operatorservice.v1.IListSearchAttributesRequest,
    ): Promise<temporal.api.operatorservice.v1.IListSearchAttributesResponse>;
  };
}

const types = {
  KEYWORD: proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  DOUBLE: proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  INT: proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;

/** How long the service may take to make a new attribute known everywhere, and how often to look. */
const patienceMs = 10_000;
const lookMs = 100;

/**
 * Makes sure that the namespace has our search attributes. Answers false, with the reason told to `say`, where we may
 * not: runs work without them. Attributes that stand already are left alone, also when another worker is as quick.
 */
export async function registerSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
  say: (reason: string) => void,
): Promise<boolean> {
  try {
    const wanted = Object.entries(searchAttributes);
    const missing = async () => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      return wanted.filter(([name]) => !(name in (customAttributes ?? {})));
    };
    const toAdd = await missing();
    if (toAdd.length > 0)
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(toAdd.map(([name, type]) => [name, types[type]])),
      });
    for (const end = Date.now() + patienceMs; (await missing()).length > 0;) {
      if (Date.now() > end) throw new Error('the service did not take them in time');
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}
