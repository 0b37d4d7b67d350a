// Programs of this machine that a test cannot do without. Where one is missing the tests say so by name; in CI they fail.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';

/** Debian puts servers where an ordinary user's PATH does not look. */
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];

/** @param name or a whole path */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  return FOLDERS.filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** `describe` for tests that need programs: skipped, with the reason in the name, where one is missing; failed in CI. */
export function describeWith(programs: readonly string[], title: string, define: () => void): void {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return describe(title, define);
  const reason = `${missing.join(' and ')} not installed`;
  if (process.env.CI !== undefined) {
    describe(title, () => {
      it('finds what it needs', () => {
        throw new Error(`${reason}: in CI nothing is skipped`);
      });
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${title}: ${reason}\n`);
  describe.skip(`${title} [SKIPPED: ${reason}]`, define);
}
