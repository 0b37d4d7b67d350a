import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { linkOf, REQUIREMENTS } from './requirements.js';

const ROOT = join(import.meta.dirname, '../..');

describe('the requirements', () => {
  it('have ids of their own', () => {
    const ids = REQUIREMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(REQUIREMENTS.map((one) => [one.id, one] as const))(
    '%s is proven by a test that is there',
    (_id, { test: { file, name } }) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const quoted = ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
      expect({ file, name, quoted }).toEqual({ file, name, quoted: true });
    },
  );

  it.each(REQUIREMENTS.map((one) => [one.id, one] as const))('%s says where it stands', (_id, requirement) => {
    expect(requirement.at).toMatch(/^[a-z/-]+(#[a-z0-9_-]+)?$/);
    expect(URL.canParse(linkOf(requirement))).toBe(true);
  });
});

describe('docs/wire.md', () => {
  const page = readFileSync(join(ROOT, 'docs/wire.md'), 'utf8');

  it('names test files that are there', () => {
    const named = [...page.matchAll(/`(tests\/[^`]+)`/g)].map(([, file]) => file!);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('names tests that are there', () => {
    const folder = join(ROOT, 'tests/wire');
    const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const named = [...page.matchAll(/\("([^"]+)"\)/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !sources.some((source) => source.includes(name)))).toEqual([]);
  });
});
