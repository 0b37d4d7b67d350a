// @ts-check
// Builds before a start when the sources are newer than the last good build. Not a build system: whether to build is
// decided by file times alone, what to build is the compiler's business.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'dist/server/main.js');
// Our own stamp, as the compiler touches its .tsbuildinfo after a failed build too, and not at all when nothing changed.
const stamp = join(root, 'dist/.built');
const sources = ['protocol', 'tools', 'resources', 'prompts', 'transports', 'routes', 'server'];
const scripts = ['scripts/bundle-program.mjs', 'scripts/copy-page.mjs'];
const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...scripts];

if (isStale()) build();

function isStale() {
  if (!existsSync(entry)) return true;
  const builtAtMs = newestMs(stamp);
  return [...sources, ...settings].some((name) => newestMs(join(root, name)) > builtAtMs);
}

function build() {
  const compiler = find('typescript/bin/tsc');
  if (!compiler && existsSync(entry)) return; // Installed without devDependencies: the build that came along is the one meant.
  if (!compiler) return fail('There is no build in dist/ and no compiler to make one: run npm ci.');
  if (!find('esbuild')) return fail('What builds the program has changed: run npm ci.');

  const startedAt = new Date(); // An edit made while the compiler runs is newer than this, so it is not missed.
  if (!existsSync(entry)) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true }); // It would say there is nothing to emit.
  const steps = [[compiler, '-p', 'tsconfig.build.json'], ...scripts.map((script) => [join(root, script)])];
  for (const step of steps) {
    const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
    if (status !== 0) return fail('The build failed; nothing was started.');
  }
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
}

/** The newest change at or below a path; a folder's own time tells of files that were removed. @param {string} path @returns {number} */
function newestMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  const below = stats?.isDirectory() ? readdirSync(path).map((name) => newestMs(join(path, name))) : [];
  return Math.max(stats?.mtimeMs ?? 0, ...below);
}

/** @param {string} module */
function find(module) {
  try {
    return createRequire(import.meta.url).resolve(module);
  } catch {
    return undefined; // Not installed, which is for the caller to judge.
  }
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
