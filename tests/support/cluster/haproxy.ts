import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePort } from './child.js';
import type { Instance } from './cluster.js';
import { programPath } from './programs.js';
import { until } from './until.js';

const DEPLOYED = join(import.meta.dirname, '..', '..', '..', 'deploy', 'haproxy.cfg');

/** A real HAProxy with the configuration that is deployed; only ports are the test's own. */
export class HaProxy {
  readonly url: string;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(url: string, child: Child, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start([one, two]: readonly Pick<Instance, 'port'>[]): Promise<HaProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'dualgauge-haproxy-'));
    const port = await freePort();
    const deployed = await readFile(DEPLOYED, 'utf8');
    const own = deployed
      .replace('bind :8080', `bind 127.0.0.1:${port}`)
      .replaceAll(' one:8080', ` 127.0.0.1:${one?.port}`)
      .replaceAll(' two:8080', ` 127.0.0.1:${two?.port}`);
    const path = join(folder, 'haproxy.cfg');
    await writeFile(path, own);
    const child = new Child(programPath('haproxy'), ['-db', '-f', path]);
    const url = `http://127.0.0.1:${port}`;
    await until(async () => {
      if (!child.isRunning) throw new Error(child.said);
      return (await fetch(`${url}/health`).catch(() => undefined))?.status === 200;
    });
    return new HaProxy(url, child, folder);
  }

  async close(): Promise<void> {
    await this.#child.stop('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
