const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['0', false],
  // bit(1) as MySQL sends it: the bit itself, not a digit
  ['\u0001', true],
  ['\u0000', false],
]);

/** Reads true/false, t/f, yes/no, y/n, 1/0 in any case (trimmed before); anything else is undefined. */
export function parseBoolean(text: string): boolean | undefined {
  return words.get(text) ?? words.get(text.toLowerCase());
}
