import { CommanderError } from 'commander';
import { expect, test, vi } from 'vitest';
import { oneOf, parseArguments, wholeNumberBetween, type CommandSpec } from '../../src/cli/arguments.js';
import { exitCodeOf } from '../../src/cli/exit-code.js';

const spec: CommandSpec = {
  script: 'start',
  description: 'Does something.',
  options: [
    { flags: '--rows <n>', description: 'rows', default: 100_000, parse: wholeNumberBetween(8, 1_000_000) },
    { flags: '--data-dir <folder>', description: 'folder' },
    { flags: '--source <server>', description: 'source', parse: oneOf(['postgres', 'mysql']) },
    { flags: '--once', description: 'once' },
  ],
  examples: ['npm start'],
};

function parse(args: string[], environment: Record<string, string> = {}): Record<string, unknown> {
  return parseArguments(spec, args, environment);
}

/** What a refused call prints, and its exit code. */
function refusal(
  args: string[],
  environment: Record<string, string> = {},
): { text: string; exitCode: number } {
  let text = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    parse(args, environment);
    throw new Error('the call was accepted');
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { text, exitCode: exitCodeOf(error) };
  } finally {
    write.mockRestore();
  }
}

test('flags of the command line, with and without an equals sign', () => {
  expect(parse(['--rows=5000', '--once'])).toEqual({ rows: 5000, once: true });
  expect(parse(['--rows', '5000', '--data-dir', 'x'])).toEqual({ rows: 5000, dataDir: 'x' });
  expect(parse(['--source=mysql'])).toEqual({ rows: 100_000, source: 'mysql' });
  expect(parse([])).toEqual({ rows: 100_000 });
});

test('flags that npm kept for itself count for the script that it was told to run, and for no other', () => {
  const npm = { npm_config_rows: '5000', npm_config_once: 'true', npm_config_data_dir: 'x' };
  expect(parse([], { ...npm, npm_lifecycle_event: 'start' })).toEqual({
    rows: 5000,
    once: true,
    dataDir: 'x',
  });
  expect(parse([], { ...npm, npm_lifecycle_event: 'test' })).toEqual({ rows: 100_000 });
});

test('the command line wins over npm', () => {
  expect(parse(['--rows=9'], { npm_lifecycle_event: 'start', npm_config_rows: '5000' })).toEqual({ rows: 9 });
});

test.each([
  { what: 'an unknown flag', args: ['--row=5'], says: "unknown option '--row=5'" },
  { what: 'text instead of a number', args: ['--rows=many'], says: 'whole number from 8 to 1000000' },
  { what: 'a number out of range', args: ['--rows=7'], says: 'whole number from 8 to 1000000' },
  {
    what: 'a word that is none of those allowed',
    args: ['--source=oracle'],
    says: 'Allowed are postgres, mysql.',
  },
  { what: 'a stray word', args: ['5000'], says: 'too many arguments' },
])('$what is refused with what is allowed, and exit code 2', ({ args, says }) => {
  const { text, exitCode } = refusal(args);
  expect(text).toContain(says);
  expect(text).toContain('Allowed are --rows=<n>, --data-dir=<folder>, --source=<server>, --once, --help');
  expect(exitCode).toBe(2);
});

test("npm's `--rows 5000` with a blank leaves `true`, which is refused and not taken for a number", () => {
  const { exitCode } = refusal([], { npm_lifecycle_event: 'start', npm_config_rows: 'true' });
  expect(exitCode).toBe(2);
});

test('help is no mistake', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(() => parse(['--help'])).toThrow(expect.objectContaining({ exitCode: 0 }));
  } finally {
    write.mockRestore();
  }
});
