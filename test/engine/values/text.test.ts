import { describe, expect, it } from 'vitest';
import { isAsciiEmail, isEmail } from '../../../src/engine/values/email.js';
import { codePoints, fold, textFault, trim } from '../../../src/engine/values/text.js';

describe('text', () => {
  it('loses all Unicode white space and byte order marks at both ends, and nothing inside', () => {
    const space = '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';
    expect(trim(`${space}a ${space} b${space}`)).toBe(`a ${space} b`);
    expect(trim(space)).toBe('');
    expect(trim('\u200b\u180ex\u001f')).toBe('\u200b\u180ex\u001f');
  });

  it('is counted in code points', () => {
    expect([codePoints('añ€'), codePoints('𝄞😀'), codePoints('')]).toEqual([3, 2, 0]);
  });

  it('is compared trimmed and without case', () => {
    expect(fold('\u00a0SUP-ÄÖ ')).toBe(fold('sup-äö'));
  });

  it('says why bytes cannot be text', () => {
    expect(textFault(Buffer.from('ok ü'))).toBeUndefined();
    expect(textFault(Buffer.from([0x61, 0xfc]))).toContain('UTF-8');
    expect(textFault(Buffer.from([0xed, 0xa0, 0x80]))).toContain('UTF-8');
    expect(textFault(Buffer.from('a\0b'))).toContain('NUL');
  });
});

describe('e-mail addresses', () => {
  const good = ['x@y.z', 'First.Last@Sub.Example.COM', "o'neil+tag@x.co", '.a@b.c'];
  const bad = [
    '',
    'x',
    '@y.z',
    'x@y',
    'x@.z',
    'x@y.',
    'a@b@c.d',
    'a..b@c.d',
    'a@b..c',
    'a b@c.d',
    'a@b.c,',
    'a;b@c.d',
    'a\u00a0b@c.d',
  ];
  it.each(good)('%s is one', (email) => {
    expect(isEmail(email)).toBe(true);
    expect(isAsciiEmail(Buffer.from(email), 0, email.length)).toBe(true);
  });
  it.each(bad)('%s is none', (email) => {
    expect(isEmail(email)).toBe(false);
    expect(isAsciiEmail(Buffer.from(email), 0, Buffer.byteLength(email))).toBe(false);
  });
});
