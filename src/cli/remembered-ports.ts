import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { z } from 'zod';
import { errorCode } from '../servers/error-code.js';

const portsSchema = z.object({
  postgres: z.number().exactOptional(),
  mysql: z.number().exactOptional(),
  mariadb: z.number().exactOptional(),
  temporal: z.number().exactOptional(),
  temporalUi: z.number().exactOptional(),
});
export type StackPorts = z.infer<typeof portsSchema>;

/**
 * The ports that the servers of this folder had the last time, as far as they are free now: whoever has their
 * addresses in a shell or a bookmark keeps them.
 */
export async function rememberedPorts(file: string): Promise<StackPorts> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '{}';
    throw error;
  });
  const ports = portsSchema.parse(JSON.parse(text));
  const free: StackPorts = {};
  for (const server of portsSchema.keyof().options) {
    const port = ports[server];
    if (port !== undefined && (await isFree(port))) free[server] = port;
  }
  return free;
}

export async function rememberPorts(file: string, ports: StackPorts): Promise<void> {
  await writeFile(file, `${JSON.stringify(ports)}\n`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
