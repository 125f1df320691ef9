import type { Results, Standing } from './results.js';

/** The results as a page: ratios against their promises, speeds, what a move's time goes to, and how it was measured. */
export function markdownOf(results: Results): string {
  const { machine, versions, date, rounds } = results;
  return `${[
    '# Benchmark',
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}. ` +
      `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, in each of which every contestant ran once, in another order; ` +
      'source and target on this machine. A ratio is that of rows per second in the same round.',
    '![Rows per second](chart.svg)',
    ...results.workloads.flatMap((workload) => [
      `## ${count(workload.rows)} ${workload.title}`,
      ratios(results, workload.name),
      speeds(results.standings.filter((standing) => standing.workload === workload.name)),
    ]),
    '## Memory',
    memory(results),
    ...section('Left out', [
      ...results.skipped.map(({ title, why }) => `${title}: ${why}.`),
      ...results.failed.map(
        ({ contestant, workload, round, why }) =>
          `${contestant}, ${workload}, round ${round}: failed, ${oneLine(why)}`,
      ),
    ]),
    ...section(
      'To know',
      results.notes.map((note) => `${capital(note)}.`),
    ),
    ...section(
      'Versions',
      Object.entries(versions).map(([name, version]) => `${name}: ${version}`),
    ),
  ].join('\n\n')}\n`;
}

function memory({ memory: { workerMiB, moveMiB, mostMiB, met } }: Results): string {
  const worker =
    workerMiB === null
      ? 'No worker was measured.'
      : `A worker held ${workerMiB} MiB at the most in these whole runs; promised are less than ${mostMiB}${met ? '' : ' (above)'}.`;
  return moveMiB === null
    ? worker
    : `${worker} The process that moves and verifies alone, without Temporal's SDK: ${moveMiB} MiB.`;
}

function ratios({ comparisons }: Results, workload: string): string {
  return table(
    ['against', 'ratio', 'promised'],
    comparisons
      .filter((each) => each.workload === workload)
      .map(({ title, ratio, floor, met }) => [
        title,
        ratio === null ? '–' : `${ratio.toFixed(2)}${met === false ? ' (below)' : ''}`,
        floor === null ? '–' : `≥ ${floor}`,
      ]),
  );
}

function speeds(standings: readonly Standing[]): string {
  return table(
    ['', 'rows/s', 'seconds', 'survey before', 'indexes after', 'verification', 'MiB'],
    standings.map(({ title, rowsPerSecond, seconds, phases, peakMiB }) => [
      title,
      count(rowsPerSecond),
      seconds.toFixed(1),
      ...(['survey', 'complete', 'verify'] as const).map((phase) => phases?.[phase].toFixed(1) ?? ''),
      String(peakMiB ?? ''),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, lines.map((line) => `- ${line}`).join('\n')];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
