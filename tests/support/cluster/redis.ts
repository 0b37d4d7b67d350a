import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { Child, freePort } from './child.js';
import { programPath } from './programs.js';

/** A redis-server of the test's own: in a folder and on a port nobody else uses. */
export class RedisServer {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #isDurable: boolean;
  #child: Child | undefined;

  private constructor(port: number, folder: string, isDurable: boolean) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#isDurable = isDurable;
  }

  /** One that keeps what it acknowledged over a restart, unless told otherwise. */
  static async start({ isDurable = true } = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'dualgauge-redis-'));
    const server = new RedisServer(await freePort(), folder, isDurable);
    await server.restart();
    return server;
  }

  /** Starts it again where it was. */
  async restart(): Promise<void> {
    const durability = this.#isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const where = ['--bind', '127.0.0.1', '--port', String(this.#port), '--dir', this.#folder];
    this.#child = new Child(programPath('redis-server'), [
      ...where,
      '--save',
      '',
      '--rdbcompression',
      'no',
      ...durability,
    ]);
    await this.#child.untilSays(/Ready to accept connections/);
  }

  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL');
  }

  /** Hangs: takes connections, answers nothing. */
  pause(): void {
    this.#child?.signal('SIGSTOP');
  }

  resume(): void {
    this.#child?.signal('SIGCONT');
  }

  /** Asks it something, on a connection that is gone again. */
  async ask(...command: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2 });
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async keys(pattern = '*'): Promise<string[]> {
    return (await this.ask('KEYS', pattern)) as string[];
  }

  async close(): Promise<void> {
    await this.#child?.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
