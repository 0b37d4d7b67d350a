import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../../server/config.js';

const documented = readFileSync(join(import.meta.dirname, '../../../docs/settings.md'), 'utf8');

/** Every variable that reading the configuration looks at. */
function variablesRead(): Set<string> {
  const names = new Set<string>();
  const environment = new Proxy(
    {},
    {
      get(_target, name) {
        if (typeof name === 'string') names.add(name);
        return undefined;
      },
    },
  );
  readConfig(environment);
  return names;
}

/** The rows of the tables: variable and default. */
function rows(): Map<string, string> {
  const found = [...documented.matchAll(/^\| `([A-Z_]+)` *\| (.*?) *\|/gm)];
  return new Map(found.map(([, name = '', value = '']) => [name, value]));
}

describe('docs/settings.md', () => {
  it('names every variable the server reads, and no other', () => {
    const read = [...variablesRead()].filter((name) => !/^REPL(IT)?_/.test(name));
    expect([...rows().keys()].sort()).toEqual(read.sort());
  });

  it.each([...rows()].filter(([, value]) => /^`\d+`$/.test(value)))(
    'tells the true default of %s: %s',
    (name, value) => {
      const { settings, port } = readConfig({});
      const key = name.toLowerCase().replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase());
      const known = { ...settings, port } as unknown as Record<string, unknown>;
      expect(known[key]).toBe(Number(value.slice(1, -1)));
    },
  );
});
