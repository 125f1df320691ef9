import { Ajv2020 } from 'ajv/dist/2020.js';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readEnvFile } from '../../src/config/env-file.js';
import { loadConfig } from '../../src/config/load-config.js';
import { variableNames } from '../../src/config/variables.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const file: unknown = parse(read('docker-compose.temporal.yml'));
const compose = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        image: z.string(),
        container_name: z.string().optional(),
        env_file: z.string().optional(),
        environment: z.record(z.string(), z.string()).default({}),
        ports: z.array(z.string()).default([]),
        volumes: z.array(z.string()).default([]),
        healthcheck: z.object({ test: z.array(z.string()) }).optional(),
        depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      }),
    ),
    volumes: z.record(z.string(), z.unknown()),
  })
  .parse(file);
const services = Object.entries(compose.services);

function service(name: string) {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.temporal.yml has no service ${name}`);
  return found;
}

// The schema is the Compose Specification's own, under the licence beside it (Apache 2.0).
test('docker-compose.temporal.yml is what the Compose Specification allows', () => {
  const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(read('test/data/compose-spec.json')));
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { duration: true } });
  const validate = ajv.compile(schema);
  validate(file);
  expect(validate.errors).toBeNull();
  expect(validate({ services: { worker: { imagee: 'x' } } })).toBe(false);
});

describe('the services', () => {
  test.each(services.filter(([name]) => name !== 'worker'))('%s runs a pinned image', (_, { image }) => {
    expect(image).toMatch(/:\d+[\w.-]*$/);
  });

  test.each(services)('%s is reached from this machine only', (_, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(services)('%s waits until what it needs is healthy or done', (_, { depends_on: needs }) => {
    for (const [needed, { condition }] of Object.entries(needs)) {
      const expected = service(needed).healthcheck ? 'service_healthy' : 'service_completed_successfully';
      expect([needed, condition]).toEqual([needed, expected]);
    }
  });

  test('the Temporal database outlives its container', () => {
    const [name] = service('temporal-db').volumes.map((volume) => volume.split(':')[0]);
    expect(Object.keys(compose.volumes)).toContain(name);
  });

  test('the versions of the Temporal server and its tools agree', () => {
    const version = service('temporal').image.split(':')[1];
    for (const tool of ['temporal-schema', 'temporal-namespace'])
      expect(service(tool).image).toContain(`:${version}`);
  });
});

describe('the worker', () => {
  const worker = service('worker');

  test('can be scaled: it has neither a name nor a port of its own', () => {
    expect(worker.container_name).toBeUndefined();
    expect(worker.ports).toEqual([]);
  });

  test('gets only variables that the configuration knows', () => {
    expect(worker.env_file).toBe('.env');
    expect(variableNames).toEqual(expect.arrayContaining(Object.keys(worker.environment)));
  });

  test('starts with what .env.example and the file give it', () => {
    const example = readEnvFile(new URL('.env.example', root).pathname);
    const config = loadConfig({ ...example, ...worker.environment });
    expect(config.temporal.address).toBe('temporal:7233');
    expect(worker.volumes.map((volume) => volume.split(':').at(-1))).toContain(config.monitoring.reportDir);
  });
});

describe('the image', () => {
  const instructions = read('Dockerfile')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));

  test('runs the built worker, not as root', () => {
    expect(instructions.at(-1)).toMatch(/^CMD \["node", .*"dist\/worker.js"\]$/);
    expect(instructions.findLast((line) => line.startsWith('USER '))).toBe('USER node');
  });

  test('is built from the lock file, on the Node that the package supports', () => {
    expect(instructions).toContain('RUN npm ci');
    for (const from of instructions.filter((line) => line.startsWith('FROM ')))
      expect(from).toMatch(/^FROM node:22-/);
  });

  test('cannot take secrets along: the build sees only what is listed', () => {
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignored[0]).toBe('*');
    expect(ignored).toContain('**/.env*');
    for (const listed of ignored.filter((line) => line.startsWith('!'))) {
      expect([listed, existsSync(new URL(listed.slice(1), root))]).toEqual([listed, true]);
    }
  });
});
