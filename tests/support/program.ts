// The program itself, as an operator starts it: `node dist/server/main.js`, built from what stands here.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_WAIT_MS, within } from './clients/within.js';

const ROOT = join(import.meta.dirname, '../..');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** What the program says it listens on. */
  readonly url: string;
  readonly stdout: string;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when the process is gone. */
  readonly exited: Promise<Exit>;
}

export type Environment = Readonly<Record<string, string>>;

/** Starts it and waits until it says where it listens. Only what is given here is in its environment. */
export async function startProgram(env: Environment = {}): Promise<Program> {
  const { child, exited, seen } = await run({ PORT: '0', LOG_LEVEL: 'silent', ...env });
  const listening = new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const url = /listens on (http\S+)/.exec(seen.stdout)?.[1];
      // The last line of what it prints at its start ends with the example for older clients.
      if (url !== undefined && seen.stdout.endsWith('\n')) resolve(url);
    };
    child.stdout?.on('data', look);
    void exited.then((exit) => reject(new Error(`The program did not start: ${JSON.stringify(exit)}`)));
  });
  const url = await within(DEFAULT_WAIT_MS, 'the program to listen', listening);
  return {
    url,
    get stdout() {
      return seen.stdout;
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    exited,
  };
}

/** Starts it and waits until it has ended by itself. */
export async function runProgram(env: Environment): Promise<Exit> {
  const { child, exited } = await run({ PORT: '0', ...env });
  try {
    return await within(DEFAULT_WAIT_MS, 'the program to end', exited);
  } finally {
    child.kill('SIGKILL');
  }
}

async function run(env: Environment) {
  await build();
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'dist/server/main.js')], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...seen }));
  });
  return { child, exited, seen };
}

let built: Promise<void> | undefined;

/** Builds when the sources are newer than the last build. Test files run side by side, and only one may build. */
function build(): Promise<void> {
  built ??= (async () => {
    const lock = join(ROOT, 'node_modules/.dualgauge-test-build');
    while (!take(lock)) await sleep(100);
    try {
      const { status, stderr, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/build-if-stale.mjs')], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`The build failed: ${stdout}${stderr}`);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  })();
  return built;
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    // Somebody builds, or was killed while he did.
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 120_000) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
