/**
 * What the keeper process runs, as text for `node --eval`: a file of its own would have to be found both beside
 * the TypeScript sources and in the compiled tree.
 *
 * Arguments: the grace in milliseconds between a server's own signal and SIGKILL. Standard input: one JSON object
 * a line, `{"keep": pid, "signal": "SIGINT"}` or `{"release": pid}`. When standard input ends, the parent has
 * closed it or is dead, and every server still kept is stopped. A pid counts as the same process only with the
 * same start time, because pids are used again.
 */
export const keeperScript = `
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

process.title = 'nxt-migrate server keeper';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const graceMs = Number(process.argv[1]);
const kept = new Map();

function startTime(pid) {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function signalIfSame(pid, started, signal) {
  if (started === undefined || startTime(pid) !== started) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

async function end(pid, { signal, started }) {
  const deadline = Date.now() + graceMs;
  signalIfSame(pid, started, signal);
  while (signalIfSame(pid, started, 0) && Date.now() < deadline) await sleep(50);
  signalIfSame(pid, started, 'SIGKILL');
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message = JSON.parse(line);
    if ('release' in message) kept.delete(message.release);
    else kept.set(message.keep, { signal: message.signal, started: startTime(message.keep) });
  })
  .on('close', async () => {
    await Promise.all([...kept].map(([pid, server]) => end(pid, server)));
    process.exit(0);
  });
`;
