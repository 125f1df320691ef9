import { statfs } from 'node:fs/promises';
import type { Client } from 'pg';

/** Bytes free for us in a folder of this machine. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The manual asks for twice the size of the source. */
const factor = 2;
/** What reports and logs need at the least. */
const reportBytes = 64 * 1024 * 1024;

/**
 * Whether there is room: for reports here, and for the data where the target keeps it, when that is this machine and
 * the server tells where. Answers problems, and in `unknown` what could not be measured.
 */
export async function checkDiskSpace(options: {
  /** bytes of the legacy tables in the source */
  sourceBytes: number;
  target: Client;
  targetIsLocal: boolean;
  reportDir: string;
}): Promise<{ problems: string[]; unknown: string[] }> {
  const problems: string[] = [];
  const unknown: string[] = [];
  const here = await freeBytes(options.reportDir);
  if (here < reportBytes)
    problems.push(`${options.reportDir} has ${mebibytes(here)} free; reports need ${mebibytes(reportBytes)}`);
  const needed = options.sourceBytes * factor;
  const folder = options.targetIsLocal ? await dataFolder(options.target) : undefined;
  const free = folder === undefined ? undefined : await freeBytes(folder).catch(() => undefined);
  if (free === undefined) unknown.push("the free space of the target's server cannot be seen from here");
  else if (free < needed)
    problems.push(
      `the target's disk has ${mebibytes(free)} free; twice the source's size is ${mebibytes(needed)}`,
    );
  return { problems, unknown };
}

/** Where the server keeps its data; undefined where it does not tell. */
async function dataFolder(target: Client): Promise<string | undefined> {
  const { rows } = await target.query<{ folder: string | null }>(
    `select case when pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') then current_setting('data_directory') end as folder`,
  );
  return rows[0]?.folder ?? undefined;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024).toLocaleString('en-US')} MiB`;
}
