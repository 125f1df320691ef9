import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalogue } from '../../src/cli/catalogue/index.js';
import { parseCall } from '../../src/cli/parse-call.js';

describe('a call', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        said += String(text);
        return true;
      });
  });
  afterEach(() => vi.restoreAllMocks());

  const parse = (words: readonly string[], environment = {}) => parseCall(catalogue, words, environment);
  const refusal = (words: readonly string[]): CommanderError => {
    try {
      parse(words);
    } catch (error) {
      if (error instanceof CommanderError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  };

  it('finds its command and its options', () => {
    const { entry, options } = parse(['configure', '--batch-sizes=customers:1000, products:2000', '--json']);
    expect(entry.name).toBe('configure');
    expect(options).toEqual({ batchSizes: { customers: 1000, products: 2000 }, json: true });
  });

  it('takes the flags that npm kept for itself, and lets the command line win', () => {
    const environment = {
      npm_lifecycle_event: 'migration:status',
      npm_config_table: 'customers',
      npm_config_session: 'other',
    };
    expect(parse(['status', '--session=mine'], environment).options).toEqual({
      table: 'customers',
      session: 'mine',
    });
    expect(parse(['progress'], environment).options).toEqual({});
  });

  it('takes consent from the command line alone', () => {
    const environment = {
      npm_lifecycle_event: 'migration:rollback',
      npm_config_full: 'true',
      npm_config_confirm: 'true',
    };
    expect(parse(['rollback'], environment).options).toEqual({ full: true });
    expect(parse(['rollback', '--confirm'], environment).options).toEqual({ full: true, confirm: true });
  });

  it('names the nearest command when there is none of that name', () => {
    expect(refusal(['statsu']).exitCode).not.toBe(0);
    expect(said).toContain('status');
  });

  it('names what is allowed when a flag is not', () => {
    expect(refusal(['status', '--tabel=customers']).exitCode).not.toBe(0);
    expect(said).toContain('--table');
    expect(said).toContain('Allowed are --table=<name>, --session=<name>, --json, --help.');
  });

  it('refuses a wrong value with what is allowed', () => {
    for (const wrong of ['--batch-size=0', '--batch-sizes=customers', '--timeout=soon', '--parallel=65']) {
      said = '';
      expect(refusal(['configure', wrong]).exitCode).not.toBe(0);
      expect(said).toContain('Allowed');
    }
  });

  it('shows all commands by group without a name, and one with an example and what it changes', () => {
    expect(refusal(['--help']).exitCode).toBe(0);
    for (const { name } of catalogue) expect(said).toContain(`  ${name} `);
    expect(said).toContain('Runs and control:');
    said = '';
    expect(refusal(['pause', '--help']).exitCode).toBe(0);
    expect(said).toContain('nxt-migrate pause --reason="the shop opens"');
    expect(said).toContain('It changes the run');
    said = '';
    expect(refusal(['status', '--help']).exitCode).toBe(0);
    expect(said).toContain('It only looks.');
  });
});
