import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Child } from '../../support/cluster/child.js';
import { describeWith, programPath } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, McpVisitor, textOf } from '../../support/cluster/visitor.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const SCRIPT = join(ROOT, 'scripts', 'cluster.ts');

describeWith(['redis-server'], 'npm run cluster', () => {
  it('starts instances that are one server, starts one again that dies, and ends cleanly with Ctrl-C', async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'build-if-stale.mjs')], { cwd: ROOT });
    const cluster = new Child(process.execPath, ['--import', 'tsx', SCRIPT], { PORT: '0', LOG_LEVEL: 'error' });
    try {
      const [, url = ''] = await cluster.untilSays(/one server at (http:\S+)/);
      const visitor = await McpVisitor.open({ url });
      const legacy = await LegacyVisitor.open({ url });
      await legacy.initialize({ url });
      for (let n = 0; n < 6; n += 1) {
        expect(textOf((await visitor.post({ url }, call('echo', { message: 'hi' }))).body)).toBe('hi');
        await legacy.post({ url }, call('echo', { message: 'legacy' }, n));
        expect(textOf(await legacy.answer(n))).toBe('legacy');
      }
      const [, token = ''] = await cluster.untilSays(/Operator token +(\S+)/);
      const seenByAll = await fetch(`${url}/debug/sessions`, { headers: { Authorization: `Bearer ${token}` } });
      expect(await seenByAll.json()).toMatchObject({
        count: 2,
        sessions: [{ id: expect.any(String) }, expect.anything()],
      });
      const [, pid] = await cluster.untilSays(/one +http\S+ \(pid (\d+)\)/);
      const seen = cluster.said.length;
      legacy.close();
      process.kill(Number(pid), 'SIGKILL');
      await cluster.untilSays(new RegExp(`^[^]{${seen},}one +http\\S+ \\(pid`));
      for (let n = 0; n < 4; n += 1) {
        expect(textOf((await visitor.post({ url }, call('echo', { message: 'hi' }))).body)).toBe('hi');
      }
      const [, redis = ''] = await cluster.untilSays(/Redis +redis:\/\/127\.0\.0\.1:(\d+)/);
      cluster.signal('SIGINT');
      // As a terminal does it, and whoever relays it.
      cluster.signal('SIGINT');
      await cluster.stop('SIGINT');
      expect(cluster.process.exitCode).toBe(0);
      await expect(fetch(`http://127.0.0.1:${redis}`)).rejects.toThrow();
    } finally {
      if (cluster.isRunning) await cluster.stop('SIGTERM');
    }
  }, 180_000);
});

describeWith(['redis-server'], 'npm run cluster that does not come to be', () => {
  let folder: string;
  let cluster: Child;

  beforeEach(async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'build-if-stale.mjs')], { cwd: ROOT });
    folder = mkdtempSync(join(tmpdir(), 'dualgauge-run-it-'));
    // Tells who it is before it becomes the real one.
    const told = `#!/bin/sh\necho $$ > '${pidFile()}.new' && mv '${pidFile()}.new' '${pidFile()}'\n`;
    const script = `${told}exec '${programPath('redis-server')}' "$@"\n`;
    writeFileSync(join(folder, 'redis-server'), script, { mode: 0o755 });
  }, 120_000);

  afterEach(async () => {
    if (cluster.isRunning) await cluster.stop('SIGKILL');
    for (const pid of pids()) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const pidFile = (): string => join(folder, 'redis.pid');

  function start(port: number): void {
    const PATH = `${folder}:${process.env.PATH}`;
    const env = { PORT: String(port), LOG_LEVEL: 'error', TMPDIR: folder, PATH };
    cluster = new Child(process.execPath, ['--import', 'tsx', SCRIPT], env);
  }

  // Of all that it has started.
  function pids(): number[] {
    const instances = [...cluster.said.matchAll(/\(pid (\d+)\)/g)].map(([, pid]) => Number(pid));
    return [Number(readFileSync(pidFile(), 'utf8')), ...instances];
  }

  async function expectNothingLeft(): Promise<void> {
    await until(() => !pids().some(isRunning));
    expect(readdirSync(folder).filter((name) => name.startsWith('dualgauge-cluster-'))).toEqual([]);
    expect(cluster.said).not.toMatch(/^ +at /m);
  }

  it('leaves nothing behind, and says in a line why, when its port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    start(typeof address === 'object' && address !== null ? address.port : 0);
    expect(await cluster.ended()).toBe(1);
    taken.close();
    expect(cluster.said).toMatch(/^cluster: the port \d+ is in use: set PORT to another$/m);
    expect(pids()).toHaveLength(3);
    await expectNothingLeft();
  }, 60_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves nothing behind when %s ends it before it has begun',
    async (signal) => {
      start(0);
      await until(() => existsSync(pidFile()));
      cluster.signal(signal);
      expect(await cluster.ended()).toBe(0);
      await expectNothingLeft();
    },
    60_000,
  );
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
