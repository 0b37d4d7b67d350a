import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePort } from './child.js';
import type { Instance } from './cluster.js';
import { Front } from './front.js';
import { programPath } from './programs.js';
import { until } from './until.js';

const DEPLOYED = join(import.meta.dirname, '..', '..', '..', 'deploy', 'nginx.conf');
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** A real nginx with the configuration that is deployed; only ports and folders are the test's own. */
export class Nginx extends Front {
  static async start(instances: readonly Pick<Instance, 'port'>[]): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'dualgauge-nginx-'));
    const port = await freePort();
    const child = new Child(programPath('nginx'), await configure(folder, port, instances, 'daemon off;'));
    const url = `http://127.0.0.1:${port}`;
    await until(async () => child.isRunning && (await fetch(url).catch(() => undefined)) !== undefined);
    return new Nginx(url, child, folder);
  }

  /** Whether nginx accepts the configuration that is deployed, where the instances' names are known. */
  static async check(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'dualgauge-nginx-'));
    const args = await configure(folder, await freePort(), [{ port: 1 }, { port: 2 }]);
    const child = new Child(programPath('nginx'), ['-t', ...args]);
    await until(() => !child.isRunning);
    await rm(folder, { recursive: true, force: true });
    return child.said;
  }
}

async function configure(
  folder: string,
  port: number,
  instances: readonly Pick<Instance, 'port'>[],
  globals = '',
): Promise<string[]> {
  const deployed = await readFile(DEPLOYED, 'utf8');
  const folders = TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n');
  const own = deployed
    .replaceAll(/server (one|two):8080/g, (_, name) => `server 127.0.0.1:${instances[name === 'one' ? 0 : 1]?.port}`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('http {', `http {\n${folders}`);
  const path = join(folder, 'nginx.conf');
  await writeFile(path, own);
  // Workers of root's nginx are somebody else otherwise, who may not enter the test's folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return ['-p', folder, '-c', path, '-e', join(folder, 'error.log'), '-g', `${user} pid ${folder}/pid; ${globals}`];
}
