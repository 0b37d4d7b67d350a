import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTooDeep } from '../../../protocol/json-rpc.js';
import { nestsDeeper } from '../../../transports/depth.js';

describe('the depth of a body', () => {
  it('is what a parser would make of it, wherever brackets, quotes and backslashes stand', () => {
    const text = fc.string({ unit: fc.constantFrom('[', '{', ']', '"', '\\', 'a', 'é', '\u0000'), maxLength: 60 });
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        text,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(text, tie('tree'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.nat(6), (value, max) => {
        expect(nestsDeeper(Buffer.from(JSON.stringify(value)), max)).toBe(isTooDeep(value, max));
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  it.each(['"', '"\\', '"\\"', `"${'a'.repeat(40)}`, `"${'\\'.repeat(41)}`, '[[', ']]]]', '', '\\"['])(
    'of what is no JSON is told all the same: %s',
    (text) => {
      expect(typeof nestsDeeper(Buffer.from(text), 3)).toBe('boolean');
    },
  );
});
