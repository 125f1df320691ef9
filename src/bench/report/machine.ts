import { readFile } from 'node:fs/promises';
import os from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
}

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: os.cpus()[0]?.model.trim() || os.arch(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: await systemName(),
  };
}

/** The distribution where there is one, else the kernel. */
async function systemName(): Promise<string> {
  const kernel = `${os.type()} ${os.release()}`;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const name = /^PRETTY_NAME="?([^"\n]+)/m.exec(release)?.[1];
  return name === undefined ? kernel : `${name}, ${kernel}`;
}
