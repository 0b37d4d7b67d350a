import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { RedisServer } from './redis.js';

const INSTANCE = join(import.meta.dirname, 'instance.ts');

type Environment = Readonly<Record<string, string>>;

export interface Instance {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly child: Child;
}

/** Instances that share a redis-server, all of them processes of the test's own. */
export class Cluster {
  readonly redis: RedisServer;
  readonly #env: Environment;
  readonly #folder = mkdtempSync(join(tmpdir(), 'dualgauge-cluster-'));
  readonly #running = new Set<Child>();

  private constructor(redis: RedisServer, env: Environment) {
    this.redis = redis;
    this.#env = env;
    writeFileSync(this.#runsFile, '');
  }

  static async start(env: Environment = {}, options: { readonly isDurable?: boolean } = {}): Promise<Cluster> {
    return new Cluster(await RedisServer.start(options), env);
  }

  /** Starts an instance; on the port it had before, if it had one. */
  async add(name: string, { port = 0, env = {} }: { port?: number; env?: Environment } = {}): Promise<Instance> {
    const child = new Child(process.execPath, ['--import', 'tsx', INSTANCE], {
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'error',
      DRAIN_MS: '5000',
      REDIS_URL: this.redis.url,
      STATE_SECRET: 'a secret that all instances of this test share',
      INSTANCE: name,
      RUNS_FILE: this.#runsFile,
      ...this.#env,
      ...env,
    });
    this.#running.add(child);
    const [, url = '', at = ''] = await child.untilSays(/listens on (http:\/\/[^:]+:(\d+))/);
    return { name, url, port: Number(at), child };
  }

  async addAll<Names extends string[]>(...names: Names): Promise<{ [Index in keyof Names]: Instance }> {
    const instances = await Promise.all(names.map((name) => this.add(name)));
    return instances as { [Index in keyof Names]: Instance };
  }

  /** What tools counted: the instance and what it did. */
  get runs(): string[] {
    return readFileSync(this.#runsFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  }

  /** @throws Error when an instance let a rejection go unhandled */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.stop('SIGKILL')));
    await this.redis.close();
    rmSync(this.#folder, { recursive: true, force: true });
    const unhandled = [...this.#running].map((child) => child.said).filter((said) => said.includes('UNHANDLED'));
    if (unhandled.length > 0) throw new Error(unhandled.join('\n'));
  }

  get #runsFile(): string {
    return join(this.#folder, 'runs');
  }
}
