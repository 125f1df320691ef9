import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { ConfigError } from '../config/config-error.js';
import type { Environment } from '../config/env-file.js';

/** How to prove who we are to Temporal; nothing for a server that asks for nothing. Holds secrets. */
export type TemporalAccess = Pick<NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;

/**
 * TLS, API key and headers by Temporal's standard environment configuration (TEMPORAL_API_KEY, TEMPORAL_TLS_...,
 * TEMPORAL_PROFILE and the profile's file). Good for a client's connection and for a worker's. Address and namespace
 * are not taken from there: `Config` has them.
 *
 *     const access = temporalAccess(readEnvFile('.env', process.env));
 *
 * @throws ConfigError when the profile or its files cannot be used
 */
export function temporalAccess(environment: Environment): TemporalAccess {
  try {
    const { connectionOptions } = loadClientConnectConfig({ overrideEnvVars: withoutGaps(environment) });
    const { tls, apiKey, metadata } = connectionOptions;
    return {
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`Temporal's TLS, API key or profile settings cannot be used: ${why}.`], { cause });
  }
}

function withoutGaps(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
