/**
 * `npm test`: every check, one after the other, and a closing line with the counts. A check that is not vitest's
 * counts as one test. Exit code 0 only if nothing failed; with CI=true a skipped test is a failed one.
 *
 * `npm test -- <what vitest takes>`, e.g. part of a file's name, runs vitest alone.
 */
import { run, tool } from './run.mjs';
import { runVitest } from './vitest-run.mjs';

const checks = [
  ['Format', tool('prettier'), '--check', '--log-level=warn', '.'],
  ['Lint', tool('oxlint'), '--type-aware', '--deny-warnings'],
  ['Types', tool('tsc'), '-p', '.'],
  ['Unused code', tool('knip')],
  ['Arrows between the folders', tool('depcruise'), '.'],
  ['Build', process.execPath, 'scripts/build.mjs'],
];

const vitestArguments = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

if (vitestArguments.length === 0)
  for (const [title, command, ...args] of checks) {
    heading(title);
    const started = performance.now();
    const outcome = (await run(command, args)) === 0 ? 'passed' : 'failed';
    console.log(`${outcome} after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    total[outcome] += 1;
  }

heading('Tests');
const { passed, failed, skipped } = await runVitest(vitestArguments);
total.passed += passed;
total.failed += failed;
if (process.env['CI'] === 'true' && skipped.length > 0) {
  console.log('\nSkipped, which counts as failed where CI=true:');
  for (const name of skipped) console.log(`  ${name}`);
  total.failed += skipped.length;
} else total.skipped += skipped.length;

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

function heading(title) {
  console.log(`\n── ${title} ──`);
}
