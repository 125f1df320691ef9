#!/usr/bin/env node
/** `nxt-migrate <command>`: all commands of the catalogue. The scripts of package.json call it too. */
import { catalogue } from './catalogue/index.js';
import { errorFields } from './error-document.js';
import { exitCodeOf, exitCodes, explain, type ExitCode } from './exit-code.js';
import { listenForInterruption } from './interruption.js';
import { parseCall } from './parse-call.js';

async function main(): Promise<ExitCode> {
  const { entry, options } = parseCall(catalogue, process.argv.slice(2), process.env);
  const json = options['json'] === true;
  const interruption = listenForInterruption();
  try {
    // Loaded late: help and refusals come at once.
    const [work, { withCall }] = await Promise.all([entry.load(), import('./call.js')]);
    const say = (line: string): void => void (json || process.stdout.write(`${line}\n`));
    const call = { options, json, say, signal: interruption.signal, environment: process.env };
    const { ok, document } = await withCall(call, work);
    if (json) printDocument(document);
    return ok ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (json) printDocument({ error: errorFields(error) });
    process.stderr.write(`${explain(error)}\n`);
    return exitCodeOf(error);
  } finally {
    interruption.dispose();
  }
}

function printDocument(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

process.exitCode = await main().catch((error: unknown) => exitCodeOf(error));
