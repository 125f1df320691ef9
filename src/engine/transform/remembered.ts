/** Answers kept at the most, and the longest text that is worth keeping. */
const most = 8_192;
const longest = 256;
/** After so many questions it is decided whether keeping answers pays. */
const trial = 20_000;

/**
 * A pure function of a text that remembers its answers: dimensions, tags and the like repeat from row to row, and
 * parsing JSON costs more than looking it up. Where texts turn out not to repeat it stops remembering.
 */
export function remembered(answer: (text: string) => string): (text: string) => string {
  const answers = new Map<string, string>();
  let asked = 0;
  let known = 0;
  return (text) => {
    if (text.length > longest || (asked >= trial && known * 4 < asked)) return answer(text);
    asked++;
    const before = answers.get(text);
    if (before !== undefined) {
      known++;
      return before;
    }
    const now = answer(text);
    if (answers.size >= most) answers.clear();
    answers.set(text, now);
    return now;
  };
}
