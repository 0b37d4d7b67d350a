// The program as the build makes it: one file, and what that file must not lose.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { call, rpc } from '../support/http-call.js';
import { startProgram, type Environment, type Program } from '../support/program.js';

// The first test may have to wait for a build.
jest.setTimeout(120_000);

const BUILT = join(import.meta.dirname, '../../dist/server/main.js');

let program: Program | undefined;

async function start(env?: Environment): Promise<string> {
  program = await startProgram(env);
  return program.url;
}

afterEach(async () => {
  program?.kill();
  await program?.exited;
  program = undefined;
});

describe('the built program', () => {
  it('is one file that needs none but Node to start: looking for hundreds takes longer than all else', async () => {
    await start();
    const imports = [...readFileSync(BUILT, 'utf8').matchAll(/^import (?:[^;]* from )?["']([^"']+)["'];?/gm)];
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.map(([, name = '']) => name).filter((name) => !isBuiltin(name))).toEqual([]);
  });

  it('carries no languages that it does not speak', async () => {
    await start();
    expect(readFileSync(BUILT, 'utf8')).not.toContain('zod/v4/locales/de.js');
  });

  it('finds its page and its figures', async () => {
    const url = await start();
    for (const path of ['/', '/page/page.js', '/page/icon.svg']) {
      expect((await call(`${url}${path}`, { headers: { Accept: '*/*' } })).status).toBe(200);
    }
    expect((await call(`${url}/metrics`)).text).toContain('dualgauge_sessions_opened_total');
  });

  it('finds what checks tokens', async () => {
    const url = await start({ OAUTH_ISSUER: 'http://127.0.0.1:9/', PUBLIC_URL: 'http://127.0.0.1' });
    const reply = await call(`${url}/mcp`, { headers: { Authorization: 'Bearer no.token' }, body: rpc('ping') });
    expect(reply.status).toBe(401);
    expect(reply.header('www-authenticate')).toContain('invalid_token');
  });

  it('finds what counts callers', async () => {
    const url = await start({ RATE_LIMIT_CALLS: '1/60' });
    const ping = () => call(`${url}/mcp`, { body: rpc('ping') });
    await ping();
    expect((await ping()).status).toBe(429);
  });
});
