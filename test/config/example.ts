import type { Environment } from '../../src/config/env-file.js';

/** The least that has to be set. */
export const leastEnvironment: Environment = {
  SOURCE_DATABASE_URL: 'postgres://reader:geheim1@legacy.example.com:5433/legacy',
  DATABASE_URL: 'postgres://writer:geheim2@new.example.com/nxt?sslmode=verify-full',
};
