import { currencyCode } from '../values/currency.js';
import { parseJson } from '../values/json-parse.js';
import { UuidMap } from './uuid-map.js';

/** The currencies of parent rows by 16 bytes of key; rows with the same currencies share one list. */
export class CurrencyLists {
  readonly #positions = new UuidMap();
  readonly #lists: (readonly string[])[] = [];
  readonly #known = new Map<string, number>();
  readonly #position = Buffer.alloc(16);

  /** `document` is JSON text; what in it is no active code of ISO 4217, or no array at all, lists nothing. */
  add(key: Buffer, document: string | null): void {
    const codes = document === null ? [] : codesIn(document);
    const name = codes.join();
    let position = this.#known.get(name);
    if (position === undefined) {
      position = this.#lists.push(codes) - 1;
      this.#known.set(name, position);
    }
    this.#position.writeUInt32BE(position);
    this.#positions.add(key, this.#position);
  }

  /** In the order of the document, in upper case. */
  of(key: Buffer): readonly string[] {
    if (!this.#positions.get(key, this.#position)) return [];
    return this.#lists[this.#position.readUInt32BE()] ?? [];
  }
}

function codesIn(document: string): readonly string[] {
  const value = parseJson(document);
  if (!Array.isArray(value)) return [];
  const codes = value.flatMap((item) => (typeof item === 'string' ? (currencyCode(item.trim()) ?? []) : []));
  return [...new Set(codes)];
}
