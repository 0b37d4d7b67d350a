import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCode } from '../../../protocol/errors.js';
import { pageOf, parseCursor } from '../../../protocol/pages.js';

describe('pages', () => {
  it('give every item once and in order, whatever the size of list and page', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (items, size) => {
        const seen: number[] = [];
        let cursor: string | undefined;
        do {
          const page = pageOf(items, parseCursor(cursor === undefined ? {} : { cursor }, items.length, size), size);
          expect(page.items.length).toBeLessThanOrEqual(size);
          seen.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(items);
      }),
    );
  });

  it('end without a cursor, also when the last one is full', () => {
    expect(pageOf([1, 2, 3, 4], 2, 2)).toEqual({ items: [3, 4] });
    expect(pageOf([], 0, 2)).toEqual({ items: [] });
  });
});

describe('parseCursor', () => {
  it.each([
    ['a number', 2],
    ['null', null],
    ['an object', { toString: 1 }],
    ['empty', ''],
    ['no base64', '!'],
    ['somebody else’s', btoa('page:2')],
    ['before the beginning', btoa('o:-1')],
    ['the beginning', btoa('o:0')],
    ['not a whole number', btoa('o:1.5')],
    ['in the middle of a page', btoa('o:3')],
    ['very far away', btoa('o:99999999999999999999')],
  ])('refuses one that is %s', (_what, cursor) => {
    expect(() => parseCursor({ cursor }, 10, 2)).toThrow(expect.objectContaining({ code: ErrorCode.invalidParams }));
  });

  it('refuses one from a time when the list was longer', () => {
    const { nextCursor: cursor } = pageOf([1, 2, 3], 0, 2);
    expect(parseCursor({ cursor }, 3, 2)).toBe(2);
    expect(() => parseCursor({ cursor }, 2, 2)).toThrow(/begin the list again/);
  });

  it('refuses any text that is not one of ours, and says nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (cursor) => {
        expect(() => parseCursor({ cursor }, 10, 1)).toThrow('Invalid cursor: begin the list again without one');
      }),
    );
  });
});
