import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProgram } from './server-process.js';
import type { Target } from './workloads.js';

/** One row of the table. */
export interface Contestant {
  readonly name: string;
  readonly entry: string;
  /** How it is started for a workload; absent for those it cannot do. */
  readonly setUps: Readonly<Record<string, SetUp>>;
  readonly node?: string | undefined;
  /** What somebody else does to it meanwhile. @returns what ends that */
  readonly beside?: (port: number) => () => void;
}

export interface SetUp extends Partial<Omit<Target, 'port'>> {
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '../..');
const SERVERS = join(import.meta.dirname, 'servers');
const PEERS = join(import.meta.dirname, 'peers');
const CACHE = join(ROOT, '.cache/bench');

const BOTH = { accept: 'application/json, text/event-stream' };
const STREAM = { accept: 'text/event-stream' };
const EVERYTHING = { W1: BOTH, W2: STREAM, W3: BOTH, W4: BOTH, W6: BOTH, W7: BOTH, W8: BOTH };

/** What all the others are fractions of. */
export const FLOOR: Contestant = { name: 'floor', entry: join(SERVERS, 'floor.mjs'), setUps: EVERYTHING };

/** The program as `npm start` runs it, from that build. */
export function ours(name: string, dist: string): Contestant {
  return { name, entry: join(dist, 'server/main.js'), setUps: EVERYTHING };
}

/** Everybody else, installed on demand. @throws Error when npm cannot install them */
export function installPeers(): readonly Contestant[] {
  const wanted = readFileSync(join(PEERS, 'package-lock.json'), 'utf8');
  const stamp = join(CACHE, 'installed');
  mkdirSync(CACHE, { recursive: true });
  // Beside their packages, which is where Node looks for them from.
  cpSync(PEERS, CACHE, { recursive: true });
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.error('Installing the peers into .cache/bench');
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', args, { cwd: CACHE, stdio: ['ignore', 2, 2] });
    writeFileSync(stamp, wanted);
  }
  const stateless = { ...BOTH, env: { MODE: 'stateless-json' } };
  const stream = { ...BOTH, env: { MODE: 'stateless-stream' } };
  const session = { ...BOTH, env: { MODE: 'session-json' } };
  const legacy = { env: { MODE: 'legacy' } };
  // The newest that mcp-lite knows.
  const older = { revision: '2025-06-18' };
  const common = { W1: stateless, W2: stream, W3: session, W6: session, W8: stateless };
  return [
    { name: 'bare Express 5, tuned', entry: join(CACHE, 'express.mjs'), setUps: EVERYTHING },
    {
      name: 'mcp-lite',
      entry: join(CACHE, 'mcp-lite.mjs'),
      setUps: mapped(common, (setUp) => ({ ...setUp, ...older })),
    },
    { name: 'tmcp', entry: join(CACHE, 'tmcp.mjs'), setUps: { ...common, W4: legacy, W7: stateless } },
    { name: '@hono/mcp', entry: join(CACHE, 'hono.mjs'), setUps: common },
    { name: 'official SDK v2', entry: join(CACHE, 'sdk-2.mjs'), setUps: { ...common, W4: legacy, W7: stateless } },
    { name: 'official SDK v1', entry: join(CACHE, 'sdk-1.mjs'), setUps: { ...common, W4: legacy } },
    { name: 'fastmcp', entry: join(CACHE, 'fastmcp.mjs'), setUps: { ...common, W4: legacy } },
  ];
}

function mapped(setUps: Contestant['setUps'], change: (setUp: SetUp) => SetUp): Contestant['setUps'] {
  return Object.fromEntries(Object.entries(setUps).map(([name, setUp]) => [name, change(setUp)]));
}

export function programOf({ name, entry, node }: Contestant, { env }: SetUp): ServerProgram {
  return { name, entry, ...(env === undefined ? {} : { env }), ...(node === undefined ? {} : { node }) };
}

export function targetOf(port: number, setUp: SetUp): Target {
  const { accept = BOTH.accept, mcpPath = '/mcp', ssePath = '/sse', revision = '2025-11-25' } = setUp;
  return { port, accept, mcpPath, ssePath, revision };
}
