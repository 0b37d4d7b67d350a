import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { Child } from '../../support/cluster/child.js';
import { describeWith } from '../../support/cluster/programs.js';
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
