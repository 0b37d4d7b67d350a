// What `.replit` says, and the program in the environment that Replit gives it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { startProgram, type Environment, type Program } from '../support/program.js';

// The first test may have to wait for a build.
jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');
const DOMAINS = ['abc-123.replit.dev', 'tools.replit.app'];

let program: Program | undefined;

afterEach(async () => {
  program?.kill();
  await program?.exited;
  program = undefined;
});

/** The program as a deployment runs it: with what `.replit` sets, and what Replit adds. */
async function deploy(more: Environment = {}): Promise<{ url: string; stdout: string }> {
  const { env } = readReplit();
  const given = {
    ...env,
    REPL_ID: 'id',
    REPLIT_DEPLOYMENT: '1',
    REPLIT_DOMAINS: DOMAINS.join(','),
    PORT: '0',
    ...more,
  };
  program = await startProgram(given);
  return { url: program.url.replace('0.0.0.0', '127.0.0.1'), stdout: program.stdout };
}

describe('.replit', () => {
  const replit = readReplit();

  it('runs and builds what package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const commands = [replit.top.run, replit.deployment.run, replit.deployment.build].flat().join(' ');
    expect(commands).toContain('npm start');
    expect(commands).toContain('npm ci');
    for (const [, name = ''] of commands.matchAll(/npm run (\S+)/g)) expect(Object.keys(scripts)).toContain(name);
    expect(scripts.start).toBe('node dist/server/main.js');
    expect(replit.deployment.run).toEqual(['npm', 'start']);
  });

  it('asks for a Node that we run on', () => {
    expect(replit.top.modules).toEqual([expect.stringMatching(/^nodejs-(20|22|24)$/)]);
  });

  it('has exactly one port mapping, from the PORT it sets to the one outside', () => {
    expect(replit.ports).toEqual([{ localPort: Number(replit.env.PORT), externalPort: 80 }]);
  });

  it('deploys on a Reserved VM: legacy sessions live in one process', () => {
    expect(replit.deployment.deploymentTarget).toBe('vm');
  });

  it('serves clients that call on with a session they deleted', () => {
    expect(replit.env).toEqual({ PORT: expect.any(String), MCP_SESSIONS: 'lenient' });
  });
});

describe('the program on Replit', () => {
  it('listens on all addresses', async () => {
    const { stdout } = await deploy();
    expect(stdout).toContain('http://0.0.0.0:');
  });

  it('listens on all addresses in the workspace too, and wherever REPL_ID is', async () => {
    const { stdout } = await deploy({ REPLIT_DEPLOYMENT: '', REPLIT_DOMAINS: '', REPLIT_DEV_DOMAIN: 'dev.replit.dev' });
    expect(stdout).toContain('http://0.0.0.0:');
  });

  it('does as HOST says when that is set', async () => {
    const { stdout } = await deploy({ HOST: '127.0.0.1' });
    expect(stdout).toContain('http://127.0.0.1:');
  });

  it('is reached by its domains and by its own health check, and by no other name', async () => {
    const { url } = await deploy({ REPLIT_DEV_DOMAIN: 'dev.replit.dev' });
    const statusFor = async (Host: string) => (await call(`${url}/`, { headers: { Host } })).status;
    for (const host of [...DOMAINS, 'dev.replit.dev', 'localhost', '127.0.0.1:5000'])
      expect(await statusFor(host)).toBe(200);
    expect(await statusFor('evil.example')).toBe(403);
  });

  it('lets in its own pages and those of the hosts we know', async () => {
    const { url } = await deploy();
    const statusFor = async (Origin: string) => (await call(`${url}/health`, { headers: { Origin } })).status;
    for (const origin of [
      ...DOMAINS.map((domain) => `https://${domain}`),
      'https://api.openai.com',
      'https://claude.ai',
    ]) {
      expect(await statusFor(origin)).toBe(200);
    }
    expect(await statusFor('https://other.replit.app')).toBe(403);
    expect(await statusFor(`http://${DOMAINS[0]}`)).toBe(403);
  });

  it('answers the health check at once, GET and HEAD', async () => {
    const { url } = await deploy();
    expect((await call(`${url}/`)).status).toBe(200);
    expect((await call(`${url}/`, { method: 'HEAD' })).status).toBe(200);
  });

  it('serves both doors, and goes on with a session that was deleted', async () => {
    const { url } = await deploy();
    const session = await openSession(url);
    await session.delete();
    expect((await session.post(rpc('tools/list'))).status).toBe(200);
    const legacy = await openLegacy(url, { headers: { Host: DOMAINS[0], 'X-Forwarded-Proto': 'https' } });
    // A path: TLS ends at the edge, so a URL of ours would be http.
    expect(legacy.endpoint).toMatch(/^\/messages\/\?session_id=/);
    legacy.close();
  });
});

type Value = string | number | string[];

interface Replit {
  readonly top: Record<string, Value>;
  readonly env: Record<string, Value>;
  readonly deployment: Record<string, Value>;
  readonly ports: readonly Record<string, Value>[];
}

/** Reads as much of TOML as `.replit` uses, and refuses the rest. */
function readReplit(): Replit {
  const replit = { top: {}, env: {}, deployment: {}, ports: [] as Record<string, Value>[] };
  let table: Record<string, Value> = replit.top;
  for (const line of readFileSync(join(ROOT, '.replit'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(\w+) = (.+)$/.exec(line) ?? [];
    if (line === '[[ports]]') replit.ports.push((table = {}));
    else if (line === '[env]') table = replit.env;
    else if (line === '[deployment]') table = replit.deployment;
    else if (name !== undefined && value !== undefined && table[name] === undefined)
      table[name] = JSON.parse(value) as Value;
    else throw new Error(`.replit says what this test does not read: ${line}`);
  }
  return replit;
}
