import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { McpAppOptions } from '../../../server/options.js';
import { within } from '../clients/within.js';

const START_MS = 30_000;

export interface Gauges {
  readonly sessions: number;
  readonly streams: number;
  readonly calls: number;
}

/** A victim, as its attacker sees it from outside. */
export class Victim {
  readonly url: string;
  readonly #child: ChildProcess;
  #printed: string;

  private constructor(child: ChildProcess, url: string, printed: string) {
    this.#child = child;
    this.url = url;
    this.#printed = printed;
    const collect = (chunk: Buffer) => (this.#printed += chunk.toString('utf8'));
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
  }

  static async start(options: Partial<McpAppOptions>): Promise<Victim> {
    const main = join(import.meta.dirname, 'victim.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', main, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // The tests' own loader flags are not the victim's.
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let printed = '';
    const collect = (chunk: Buffer) => (printed += chunk.toString('utf8'));
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const [message] = (await within(START_MS, 'the victim to listen', once(child, 'message'), () => printed)) as [
      { url: string },
    ];
    child.stdout?.off('data', collect);
    child.stderr?.off('data', collect);
    return new Victim(child, message.url, printed);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All it has printed. */
  get printed(): string {
    return this.#printed;
  }

  async gauges(): Promise<Gauges> {
    const response = await within(10_000, 'the health of the victim', fetch(`${this.url}/health`));
    const { sessions, streams, calls } = (await response.json()) as Gauges;
    return { sessions, streams, calls };
  }

  /** The longest time its event loop stood still since this was asked last. */
  async delayMs(): Promise<number> {
    const answer = once(this.#child, 'message') as Promise<[{ delayMs: number }]>;
    this.#child.send('delay');
    const [{ delayMs }] = await within(30_000, 'the victim to tell its delay', answer);
    return delayMs;
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
