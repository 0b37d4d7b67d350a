// @ts-check
// The last step of a build: what the browser gets is not compiled, only laid beside the program that serves it.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const from = join(root, 'server/page');
const to = join(root, 'dist/server/page');

// What was removed from the sources goes from the build too.
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('tsconfig.json') });
