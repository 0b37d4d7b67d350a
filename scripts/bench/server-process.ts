import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** A program that serves, and how it is started. */
export interface ServerProgram {
  readonly name: string;
  readonly entry: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Which Node runs it; this one when absent. */
  readonly node?: string;
}

export interface Usage {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
}

const ROOT = join(import.meta.dirname, '../..');
const LOGS = join(ROOT, '.cache/bench/logs');
const PROBE = join(import.meta.dirname, 'probe.mjs');
const START_TIMEOUT_MS = 20_000;

/** A server in a process of its own, with its log in a file as in operation. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @throws Error when it does not say within 20 s where it listens */
  static async start(
    program: ServerProgram,
    { isProbed = true, nodeArgs = [] as readonly string[] } = {},
  ): Promise<ServerProcess> {
    mkdirSync(LOGS, { recursive: true });
    const log = openSync(join(LOGS, `${program.name.replaceAll(/\W+/g, '-')}.log`), 'w');
    const args = isProbed ? ['--expose-gc', '--import', PROBE] : [];
    const child = spawn(program.node ?? process.execPath, [...args, ...nodeArgs, program.entry], {
      env: { ...process.env, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info', ...program.env },
      stdio: isProbed ? ['ignore', 'pipe', log, 'ipc'] : ['ignore', 'pipe', log],
    });
    closeSync(log);
    try {
      return new ServerProcess(child, await portOf(child, program.name));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** What it has used so far; after a collection of garbage when asked. */
  async usage(after: 'now' | 'gc' = 'now'): Promise<Usage> {
    const answer = once(this.#child, 'message') as Promise<[Usage]>;
    this.#child.send(after);
    return (await answer)[0];
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`${name} did not start within 20 s`)), START_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${String(code)} before it listened; see .cache/bench/logs`));
    });
    child.stdout?.on('data', (piece: Buffer) => {
      said += piece.toString();
      const port = /http:\/\/(?:127\.0\.0\.1|localhost|\[::1?\]):(\d+)/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}
