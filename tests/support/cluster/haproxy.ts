import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePort } from './child.js';
import type { Instance } from './cluster.js';
import { Front } from './front.js';
import { programPath } from './programs.js';
import { until } from './until.js';

const DEPLOYED = join(import.meta.dirname, '..', '..', '..', 'deploy', 'haproxy.cfg');

/** A real HAProxy with the configuration that is deployed; only ports are the test's own. */
export class HaProxy extends Front {
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
}
