import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify, stripVTControlCharacters } from 'node:util';

const execute = promisify(execFile);

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** besides the benchmark's own environment */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Surroundings {
  /** where it runs, and may leave files */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A program that is not on this machine, as a sentence. */
export interface Missing {
  readonly missing: string;
}

/** Lines of a failed program that its error repeats. */
const lastLines = 6;
const longestOutput = 65_536;

/**
 * A program by the variable that names its path, or on the PATH, with the first line of what it says of its version.
 *
 * @example
 * await findProgram('pgcopydb', 'PGCOPYDB_PATH'); // { file: 'pgcopydb', version: 'pgcopydb version 0.10-1' }
 */
export async function findProgram(
  name: string,
  variable: string,
): Promise<{ file: string; version: string } | Missing> {
  const named = process.env[variable];
  const file = named ?? name;
  try {
    const { stdout, stderr } = await execute(file, ['--version']);
    return { file, version: (stdout || stderr).trim().split('\n', 1)[0] ?? '' };
  } catch (error) {
    const why = named === undefined ? `on the PATH, and ${variable} names none` : `at ${variable}`;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { missing: `${name} is not installed (not ${why})` };
    return { missing: `${name} (${why}) does not tell its version` };
  }
}

/** Runs a program to its end. Throws what it said last when it fails. */
export async function runProgram(program: Program, surroundings: Surroundings): Promise<void> {
  const child = start(program, surroundings, 'ignore', 'pipe');
  await ended(program, child);
}

/** Runs `reader | writer`, bytes passing between them without us. */
export async function runPipe(reader: Program, writer: Program, surroundings: Surroundings): Promise<void> {
  const first = start(reader, surroundings, 'ignore', 'pipe');
  const second = start(writer, surroundings, first.stdout ?? 'ignore', 'pipe');
  const both = Promise.allSettled([ended(reader, first, { reads: false }), ended(writer, second)]);
  // The writer has it now; were our end left open, the reader would never learn that the writer is gone.
  first.stdout?.destroy();
  const failed = (await both).flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  // When the writer fails the reader does, too, with nothing to say of it.
  if (failed.length > 0) throw failed.at(-1);
}

function start(
  { file, args, env }: Program,
  { folder, signal }: Surroundings,
  input: 'ignore' | NonNullable<ChildProcess['stdout']>,
  output: 'pipe',
): ChildProcess {
  return spawn(file, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: [input, output, 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
}

async function ended(program: Program, child: ChildProcess, { reads = true } = {}): Promise<void> {
  let said = '';
  const hear = (piece: Buffer): void => {
    said = (said + piece.toString()).slice(-longestOutput);
  };
  if (reads) child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const end = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (end !== 0) throw new Error(`${program.file} ended with ${end}: ${lastWords(said)}`);
}

/** What a program said last, without colours and passwords of URLs. */
function lastWords(text: string): string {
  const lines = stripVTControlCharacters(text)
    .replaceAll(/(:\/\/[^:@/\s]*):[^@\s]*@/g, '$1:***@')
    .trim()
    .split('\n');
  return lines.slice(-lastLines).join('\n') || 'it said nothing.';
}
