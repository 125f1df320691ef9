import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { connectTemporal } from '../../src/client/connect-temporal.js';
import { temporalAccess } from '../../src/client/temporal-access.js';
import { freePorts } from '../../src/servers/free-port.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

test('where no Temporal answers, the error is ERR_001 and says where and what to do', async () => {
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const error: unknown = await connectTemporal(
    { address, namespace: 'default', taskQueue: 'migration' },
    {},
  ).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_001', transient: true, place: { server: 'Temporal' } });
  expect(String(error)).toContain(address);
}, 30_000);

test("TLS and API key come from Temporal's own environment variables, and nothing is asked where there are none", async () => {
  const noProfile = { TEMPORAL_CONFIG_FILE: path.join(await temporaryFolder(), 'none.toml') };
  expect(temporalAccess(noProfile)).toEqual({});
  expect(temporalAccess({ ...noProfile, TEMPORAL_API_KEY: 'k' })).toEqual({ apiKey: 'k', tls: true });
});

test('a profile that cannot be read is a problem of the configuration', async () => {
  const folder = path.join(await temporaryFolder(), 'profile');
  await mkdir(folder);
  const file = path.join(folder, 'temporal.toml');
  await writeFile(file, 'no toml');
  expect(() => temporalAccess({ TEMPORAL_CONFIG_FILE: file })).toThrow(/profile settings cannot be used/);
});
