import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/scaling.md'), 'utf8');

/** What the page names: a file below `tests`, and the words of a test in it. */
const named = [...page.matchAll(/^ {2}`((?:unit|system|wire|contract)\/[\w/-]+)`: (.+)$/gm)].map(
  ([, file = '', words = '']) => ({ file, words }),
);

describe('docs/scaling.md', () => {
  it('names a test for each of its promises', () => {
    const promises = page.split('## What it costs')[0]?.match(/^- /gm) ?? [];
    expect(named).toHaveLength(promises.length);
  });

  it.each(named)('names a test that there is, in $file: $words', ({ file, words }) => {
    expect(readFileSync(join(root, 'tests', `${file}.test.ts`), 'utf8')).toContain(words);
  });
});
