import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../config/env-file.js';

/** An option as data: everything that parsing, help and refusals need. */
export interface OptionSpec {
  /** as commander writes it: `--rows <n>`, `--once` */
  readonly flags: string;
  readonly description: string;
  readonly default?: string | number;
  /** consent to something that cannot be taken back: counts only where it is typed behind the command itself */
  readonly isConsent?: boolean;
  /** text to value; throws `InvalidArgumentError` with what is allowed */
  readonly parse?: (text: string) => unknown;
}

export interface CommandSpec {
  /** the npm script that calls it, for usage and for flags that npm kept for itself */
  readonly script: string;
  readonly description: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
}

/**
 * The options of a call, by their camel-case names: from the command line, and from npm's environment, where
 * `npm start --rows=5000` (without `--`) leaves them up to npm 11. The command line wins.
 *
 * @param args without node and script
 * @throws CommanderError after it has said on standard error what is wrong and what is allowed (or shown the help)
 */
export function parseArguments(
  spec: CommandSpec,
  args: readonly string[],
  environment: Environment,
): Record<string, unknown> {
  const command = new Command(`npm ${spec.script === 'start' ? 'start' : `run ${spec.script}`} --`)
    .description(spec.description)
    .exitOverride()
    .allowExcessArguments(false)
    .addHelpText('after', `\nExamples:\n${spec.examples.map((example) => `  ${example}`).join('\n')}`);
  addOptions(command, spec.options);
  try {
    command.parse([...npmFlags(spec, environment), ...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0)
      process.stderr.write(`Allowed are ${optionTexts(spec.options)}.\n`);
    throw error;
  }
  return command.opts();
}

export function addOptions(command: Command, options: readonly OptionSpec[]): void {
  for (const { flags, description, default: value, parse } of options) {
    const option = new Option(flags, description);
    if (value !== undefined) option.default(value);
    if (parse) option.argParser(parse);
    command.addOption(option);
  }
}

/** `--table=<name>, --json, --help` */
export function optionTexts(options: readonly OptionSpec[]): string {
  return [...options.map(({ flags }) => flags.replace(' <', '=<')), '--help'].join(', ');
}

/**
 * Flags that npm kept for itself. Only for the script that npm was told to run: what it runs in turn was not given them.
 */
export function npmFlags(
  { script, options }: Pick<CommandSpec, 'script' | 'options'>,
  environment: Environment,
): string[] {
  if (environment['npm_lifecycle_event'] !== script) return [];
  return options.flatMap(({ flags, isConsent = false }) => {
    if (isConsent) return [];
    const [flag = '', value] = flags.split(' ');
    const given = environment[`npm_config_${flag.slice(2).replaceAll('-', '_')}`];
    if (given === undefined || given === '') return [];
    if (value !== undefined) return [`${flag}=${given}`];
    return given === 'true' ? [flag] : [];
  });
}

/** For `parse`: a whole number between both limits, in plain digits. */
export function wholeNumberBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${min} to ${max} in plain digits.`);
  };
}

/** For `parse`: one of the words, written as they are here. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    throw new InvalidArgumentError(`Allowed are ${words.join(', ')}.`);
  };
}
