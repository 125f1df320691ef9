import { Command, InvalidArgumentError, Option } from 'commander';

export interface BenchOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly large: boolean;
  /** one of them; all when undefined */
  readonly workload: string | undefined;
  readonly json: boolean;
  /** names of contestants; all when undefined */
  readonly only: readonly string[] | undefined;
  /** where the files go; nowhere when undefined */
  readonly out: string | undefined;
}

const defaults = { rows: 1_000_000, rounds: 3, out: 'docs/bench' };

/**
 * The options of a call. A run that is smaller than the whole writes no files unless told where, so that a quick look
 * does not overwrite the figures that the README shows.
 *
 * @param args without node and script
 * @param names of all contestants
 */
export function parseOptions(args: readonly string[], names: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measures how fast rows move, against other ways to copy them, in turns on the same servers on this machine. ' +
        'Peers that are not installed are skipped with a word.',
    )
    .option('--rows <n>', 'rows of products, and of price list items', wholeNumber, defaults.rows)
    .option('--rounds <n>', 'how often each runs', wholeNumber, defaults.rounds)
    .addOption(new Option('--workload <name>', 'these rows alone').choices(['products', 'price-list-items']))
    .option('--large', 'ten times the price list items besides')
    .option('--only <names>', `some of ${names.join(', ')}`, (text) => namesOf(text, names))
    .option(
      '--out <folder>',
      `where results.json, results.md and chart.svg go (default: ${defaults.out}; nowhere with --only, --workload, other --rows or fewer --rounds)`,
    )
    .option('--json', 'the results as one JSON document on standard output')
    .addHelpText(
      'after',
      `\nPrograms are looked for on the PATH, or where PSQL_PATH, MARIADB_PATH, PGCOPYDB_PATH, PGLOADER_PATH and SLING_PATH say.`,
    )
    .parse(args, { from: 'user' });
  const given = command.opts<{
    rows: number;
    rounds: number;
    large?: true;
    workload?: string;
    json?: true;
    only?: string[];
    out?: string;
  }>();
  const whole =
    given.rows === defaults.rows && given.rounds >= defaults.rounds && !given.only && !given.workload;
  return {
    rows: given.rows,
    rounds: given.rounds,
    large: given.large ?? false,
    workload: given.workload,
    json: given.json ?? false,
    only: given.only,
    out: given.out ?? (whole ? defaults.out : undefined),
  };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError('Allowed are whole numbers from 1 to 999999999.');
  return Number(text);
}

function namesOf(text: string, names: readonly string[]): string[] {
  const given = text.split(',').map((name) => name.trim());
  const unknown = given.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(
      `There is no ${unknown.join(' and no ')}. Allowed are ${names.join(', ')}.`,
    );
  return given;
}
