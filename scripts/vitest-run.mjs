import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, run, tool } from './run.mjs';

/**
 * Runs vitest and counts from its report. A file that could not be loaded, and a run that failed without any
 * failed test (an error outside of them, no test found), count as one failure each.
 *
 * @param {readonly string[]} args
 * @returns {Promise<{ passed: number, failed: number, skipped: string[] }>} the skipped ones as `file > test`
 */
export async function runVitest(args) {
  const folder = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-tests-'));
  try {
    const reportFile = path.join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
    const code = await run(tool('vitest'), ['run', ...reporters, ...args]);
    const counts = count(await readReport(reportFile));
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** None when vitest ended before it could write one. */
async function readReport(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).testResults;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return [];
  }
}

function count(files) {
  const counts = { passed: 0, failed: 0, skipped: [] };
  for (const { name, status, assertionResults: tests } of files) {
    for (const test of tests) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else counts.skipped.push(`${path.relative(root, name)} > ${test.fullName}`);
    }
    if (status === 'failed' && tests.every((test) => test.status !== 'failed')) counts.failed += 1;
  }
  return counts;
}
