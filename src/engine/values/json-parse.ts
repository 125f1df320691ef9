import { JsonNumber, JsonObject, type JsonValue } from '../../plan/model.js';

/** Why a text is not a JSON document that jsonb could hold without loss. The reason quotes nothing of the text. */
export class JsonFault extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'JsonFault';
  }
}

/** Documents nested deeper are refused: PostgreSQL's own parser gives up a little later. */
export const maxDepth = 1000;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- JSON itself forbids them in strings
const plain = /[^"\\\u0000-\u001f]*/y;
/** with the `u` flag a whole pair is one character and does not match */
const loneSurrogate = /\p{Surrogate}/u;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Parses JSON without loss: numbers keep their text. Throws `JsonFault` when it is not JSON, and for what jsonb would
 * drop or refuse: duplicate keys, `\u0000`, lone surrogates, excessive depth.
 */
export function parseJson(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at < text.length) throw new JsonFault('is not JSON: something follows the document');
  return value;
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  value(depth: number): JsonValue {
    if (depth > maxDepth) throw new JsonFault(`is nested deeper than ${maxDepth} levels`);
    this.space();
    switch (this.#text.charAt(this.at)) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const entries: [string, JsonValue][] = [];
    const seen = new Set<string>();
    this.at++;
    this.space();
    if (this.#text[this.at] === '}') {
      this.at++;
      return new JsonObject(entries);
    }
    for (;;) {
      this.space();
      if (this.#text[this.at] !== '"') throw this.#broken();
      const key = this.#string();
      if (seen.has(key)) throw new JsonFault('has the same key twice in one object');
      seen.add(key);
      this.space();
      if (this.#text[this.at++] !== ':') throw this.#broken();
      entries.push([key, this.value(depth + 1)]);
      this.space();
      const next = this.#text[this.at++];
      if (next === '}') return new JsonObject(entries);
      if (next !== ',') throw this.#broken();
    }
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.at++;
    this.space();
    if (this.#text[this.at] === ']') {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      const next = this.#text[this.at++];
      if (next === ']') return items;
      if (next !== ',') throw this.#broken();
    }
  }

  #string(): string {
    const text = this.#text;
    let result = '';
    let escaped = false;
    this.at++;
    for (;;) {
      plain.lastIndex = this.at;
      plain.exec(text);
      result += text.slice(this.at, plain.lastIndex);
      this.at = plain.lastIndex;
      const next = text[this.at++];
      if (next === '"') break;
      if (next !== '\\') throw this.#broken();
      result += this.#escape();
      escaped = true;
    }
    if (escaped && loneSurrogate.test(result)) throw new JsonFault('has half of a surrogate pair');
    return result;
  }

  #escape(): string {
    const letter = this.#text[this.at++] ?? '';
    if (letter !== 'u') {
      const meant = escapes[letter];
      if (meant === undefined) throw this.#broken();
      return meant;
    }
    const digits = this.#text.slice(this.at, this.at + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw this.#broken();
    this.at += 4;
    if (digits === '0000') throw new JsonFault('has the character \\u0000, which PostgreSQL cannot store');
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): JsonNumber {
    number.lastIndex = this.at;
    const match = number.exec(this.#text);
    if (match === null) throw this.#broken();
    this.at = number.lastIndex;
    return new JsonNumber(match[0]);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.at)) throw this.#broken();
    this.at += word.length;
    return value;
  }

  #broken(): JsonFault {
    return new JsonFault(`is not JSON (at character ${Math.min(this.at, this.#text.length) + 1})`);
  }
}
