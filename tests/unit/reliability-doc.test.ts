import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

/** What the page names: a file below `tests`, and the words of a test in it. */
const named = [...page.matchAll(/`((?:unit|system|wire|contract)\/[\w/-]+)`: ((?:[^\n|)]|\([^\n)]*\))+)/g)].map(
  ([, file = '', words = '']) => ({ file, words: words.trim() }),
);

function sourceOf(file: string): string {
  const path = [`${file}.test.ts`, `${file}.ts`]
    .map((name) => join(root, 'tests', name))
    .find((name) => existsSync(name));
  if (path === undefined) throw new Error(`There is no test file ${file}`);
  return readFileSync(path, 'utf8').replaceAll("\\'", "'");
}

describe('docs/reliability.md', () => {
  it('names a test for each of its promises', () => {
    const promises = page.match(/^- /gm) ?? [];
    expect(named.length).toBeGreaterThan(promises.length);
  });

  it.each(named)('names a test that there is, in $file: $words', ({ file, words }) => {
    expect(sourceOf(file)).toContain(words);
  });
});
