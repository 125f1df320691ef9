import { inspect } from 'node:util';

/**
 * The configuration cannot be used. `problems` has one sentence per problem, each naming the variable, its
 * value (secrets hidden) and what is allowed; `message` is all of them, ready to print. An entry point prints
 * the message and ends with `exitCode`. There is no stack trace: the fault is in the environment, not here.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly exitCode = 2;
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const heading = `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:`;
    super([heading, ...problems.map((problem) => `  - ${problem}`)].join('\n'), options);
    this.problems = Object.freeze([...problems]);
    this.stack = this.message;
  }

  [inspect.custom](): string {
    return this.message;
  }
}
