import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeHeaderValue } from '../../../protocol/header-value.js';

const encode = (text: string): string => `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
const texts = fc.string({ unit: 'binary' });

describe('decodeHeaderValue', () => {
  it('gives back any text that came encoded, blanks and BOM and all', () => {
    fc.assert(fc.property(texts, (text) => expect(decodeHeaderValue(encode(text))).toBe(text)));
    expect(decodeHeaderValue(encode('\ufeff Zürich \t'))).toBe('\ufeff Zürich \t');
  });

  it('gives back plain text as it is, without the blanks around it', () => {
    const visible = fc.stringMatching(/^[!-<>-~]([ -~]{0,20}[!-~])?$/);
    const blanks = fc.stringMatching(/^[ \t]{0,5}$/);
    fc.assert(
      fc.property(visible, blanks, blanks, (text, before, after) =>
        expect(decodeHeaderValue(before + text + after)).toBe(text),
      ),
    );
  });

  it.each([
    ['SGVsbG8=', 'base64 without its marks'],
    ['=?base64?SGVsbG8=', 'a beginning without an end'],
    ['SGVsbG8=?=', 'an end without a beginning'],
    ['=?BASE64?SGVsbG8=?=', 'marks in capitals'],
    ['x=?base64?SGVsbG8=?=', 'marks inside the text'],
  ])('takes %s (%s) for plain text', (value) => {
    expect(decodeHeaderValue(value)).toBe(value);
  });

  it('knows the empty text, plain and encoded', () => {
    expect(decodeHeaderValue('')).toBe('');
    expect(decodeHeaderValue('=?base64??=')).toBe('');
  });

  it.each([
    ['bad padding', '=?base64?SGVsbG8?='],
    ['a letter outside the alphabet', '=?base64?SGVs!!!bG8=?='],
    ['the alphabet of URLs', '=?base64?_-8=?='],
    ['padding in the middle', '=?base64?SG==VsbG?='],
    ['a blank inside', '=?base64?SGVs bG8=?='],
    ['one letter alone', '=?base64?S?='],
    ['bytes that are no UTF-8', '=?base64?/w==?='],
    ['half a surrogate pair in UTF-8', '=?base64?7aCA?='],
  ])('refuses %s', (_what, value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });

  it.each(['Zürich', 'a\u00a0', '\u00a0', 'a\0b', 'a\u007f', '日本'])(
    'refuses %j, which no header can hold plainly',
    (value) => {
      expect(decodeHeaderValue(value)).toBeUndefined();
    },
  );

  it('reads a long run of blanks in linear time', () => {
    const startedAt = performance.now();
    decodeHeaderValue(`a${' '.repeat(200_000)}b`);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
