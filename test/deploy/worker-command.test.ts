import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { workerEnvironment, workerNodeFlags } from '../../src/cli/worker-command.js';

const project = path.resolve(import.meta.dirname, '../..');

it.each(['package.json', 'Dockerfile'])(
  '%s starts workers with the settings that keep their memory small',
  async (file) => {
    const text = await readFile(path.join(project, file), 'utf8');
    for (const flag of workerNodeFlags) expect(text).toContain(flag);
    for (const [name, value] of Object.entries(workerEnvironment)) expect(text).toContain(`${name}=${value}`);
  },
);
