import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { within } from '../clients/within.js';

const START_MS = 30_000;
const STOP_MS = 15_000;

/** A process of the test's own, and everything it said. */
export class Child {
  readonly process: ChildProcess;
  readonly #name: string;
  readonly #exited: Promise<unknown>;
  #said = '';
  #onSaid: () => void = () => undefined;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) {
    this.#name = `${program} ${args.join(' ')}`;
    this.process = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.process, 'exit');
    this.#exited.catch(() => undefined);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
        this.#onSaid();
      });
    }
  }

  get said(): string {
    return this.#said;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Resolves with what matched. */
  async untilSays(pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#said);
        if (match !== null) resolve(match);
        else if (!this.isRunning) reject(new Error(`${this.#name} ended: ${this.#said}`));
      };
      this.#onSaid = look;
      this.process.once('exit', look);
      look();
    });
    return within(START_MS, `${this.#name} to say ${String(pattern)}`, found, () => `; it said ${this.#said}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Waits for an end that was asked for before, and tells its code; `null` for one that a signal made. */
  async ended(): Promise<number | null> {
    if (this.isRunning) {
      await within(STOP_MS, `the end of ${this.#name}`, this.#exited, () => `; it said ${this.#said.slice(-2000)}`);
    }
    return this.process.exitCode;
  }

  /** Ends it, and waits for that. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    // A process that is stopped hears nothing but these.
    if (signal !== 'SIGKILL') this.process.kill('SIGCONT');
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 2 * STOP_MS);
    await within(STOP_MS, `the end of ${this.#name}`, this.#exited, () => `; it said ${this.#said.slice(-2000)}`);
    clearTimeout(timer);
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}
