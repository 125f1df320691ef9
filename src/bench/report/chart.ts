import type { Results, Standing } from './results.js';

const width = 820;
const labels = 300;
const barHeight = 18;
const pitch = 26;
const heading = 44;
/** Room for the figure behind the longest bar. */
const figures = 90;

const ink = '#24292f';
const faint = '#6e7781';
const own = '#0969da';
const other = '#afb8c1';

/** Rows per second as bars, workload by workload, each to the scale of its fastest; ours in blue. An SVG document. */
export function chartOf({ workloads, standings, date, machine }: Results): string {
  let top = 40;
  const parts: string[] = [];
  for (const { name, title, rows } of workloads) {
    const bars = standings
      .filter(({ workload }) => workload === name)
      .toSorted((a, b) => b.rowsPerSecond - a.rowsPerSecond);
    if (bars.length === 0) continue;
    parts.push(text(16, top + 24, `${count(rows)} ${title}`, { weight: 600 }));
    parts.push(...bars.map((bar, i) => barOf(bar, top + heading + i * pitch, bars[0]?.rowsPerSecond ?? 1)));
    top += heading + bars.length * pitch;
  }
  const height = top + 16;
  const caption = `rows per second, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(caption)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 28, caption, { fill: faint }),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function barOf({ title, rowsPerSecond, ours }: Standing, y: number, fastest: number): string {
  const length = Math.max(1, ((width - labels - figures) * rowsPerSecond) / fastest);
  return [
    text(labels - 10, y + 13, title, { anchor: 'end' }),
    `<rect x="${labels}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${ours ? own : other}"/>`,
    text(labels + length + 8, y + 13, count(rowsPerSecond), { fill: faint }),
  ].join('\n');
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', fill = ink, weight = 400 } = {},
): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
