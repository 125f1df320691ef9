import { Command, CommanderError } from 'commander';
import type { Environment } from '../config/env-file.js';
import { addOptions, optionTexts, npmFlags, type OptionSpec } from './arguments.js';
import { groups, scriptOf, type CommandEntry } from './command.js';

/** Of every command. */
const commonOptions: readonly OptionSpec[] = [{ flags: '--json', description: 'print one JSON document' }];

/** A command line, understood. */
export interface ParsedCall {
  readonly entry: CommandEntry;
  /** by their camel-case names */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Finds the command of a call and its options: from the command line, and from npm's environment, where
 * `npm run migration:status --table=customers` (without `--`) leaves them up to npm 11. The command line wins.
 *
 * @param args without node and script
 * @throws CommanderError after it has said on standard error what is wrong and what is allowed (or shown the help)
 */
export function parseCall(
  catalogue: readonly CommandEntry[],
  args: readonly string[],
  environment: Environment,
): ParsedCall {
  let found: ParsedCall | undefined;
  const program = new Command('nxt-migrate')
    .description('Moves a legacy database into a new PostgreSQL, proves every row, and undoes what it did.')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, subcommandTerm: (command) => command.name() })
    .addHelpText('after', '\nnxt-migrate <command> --help says more about a command.');
  for (const entry of catalogue) {
    const options = [...entry.options, ...commonOptions];
    const command = program
      .command(entry.name)
      .helpGroup(`${groups[entry.group]}:`)
      .description(entry.summary)
      .exitOverride()
      .allowExcessArguments(false)
      .showSuggestionAfterError()
      .addHelpText('after', helpAfter(entry));
    addOptions(command, options);
    command.action(() => {
      found = { entry, options: command.opts() };
    });
  }
  const [name = ''] = args;
  const entry = catalogue.find((candidate) => candidate.name === name);
  const fromNpm = entry ? npmFlags({ script: scriptOf(entry), options: entry.options }, environment) : [];
  try {
    program.parse([...args.slice(0, 1), ...fromNpm, ...args.slice(1)], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0 && entry)
      process.stderr.write(`Allowed are ${optionTexts([...entry.options, ...commonOptions])}.\n`);
    throw error;
  }
  if (!found) throw new CommanderError(2, 'nxt-migrate.noCommand', 'no command was named');
  return found;
}

function helpAfter({ examples, changes }: CommandEntry): string {
  const what = changes === null ? 'It only looks.' : `It changes ${changes}.`;
  return `\n${what}\n\nExamples:\n${examples.map((example) => `  nxt-migrate ${example}`).join('\n')}`;
}
