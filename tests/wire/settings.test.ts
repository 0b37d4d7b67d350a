// The contract's section "Settings", from outside: the program as it is started, stopped and told nonsense.
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { call, openStream, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { runProgram, startProgram, type Environment, type Program } from '../support/program.js';
import { DEFAULT_WAIT_MS, within } from '../support/clients/within.js';

// The first test may have to wait for a build.
jest.setTimeout(120_000);

const running: Program[] = [];

async function start(env?: Environment): Promise<Program> {
  const program = await startProgram(env);
  running.push(program);
  return program;
}

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill();
    await program.exited;
  }
});

describe('npm start', () => {
  it('prints the URLs of both doors, the tools, and what to paste into clients', async () => {
    const { url, stdout } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const line of [
      `${url}/mcp`,
      `${url}/sse`,
      `${url}/health`,
      'server_status',
      'claude mcp add',
      '"mcpServers"',
      '"type":"sse"',
      'server_label',
    ]) {
      expect(stdout).toContain(line);
    }
    expect((await call(`${url}/health`)).json).toMatchObject({ status: 'ok', name: 'dualgauge' });
  });

  it('prints the URL of the port it got with PORT=0', async () => {
    const [one, two] = await Promise.all([start({ PORT: '0' }), start({ PORT: '0' })]);
    expect(one.url).not.toBe(two.url);
    expect(one.url).not.toMatch(/:0$/);
    expect((await call(`${two.url}/`)).status).toBe(200);
  });

  it('works over both doors', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    expect((await post(rpc('tools/list'))).json.result.tools[0].name).toBe('server_status');
    const legacy = await openLegacy(url);
    await legacy.send(rpc('ping'));
    await legacy.reader.nextMessage();
    legacy.close();
  });
});

describe('a bad value stops the start with a line that names the variable, what came and what is expected', () => {
  const MS = [
    'STREAM_AFTER_MS',
    'KEEP_ALIVE_MS',
    'RETRY_MS',
    'LEGACY_RESUME_MS',
    'SESSION_IDLE_MS',
    'REPLAY_MS',
    'STALL_MS',
    'TOOL_TIMEOUT_MS',
    'TOOL_MAX_MS',
    'DRAIN_MS',
  ];
  const COUNTS = [
    'REPLAY_EVENTS',
    'REPLAY_BYTES',
    'STREAM_BUFFER_BYTES',
    'MAX_BODY_BYTES',
    'MAX_SESSIONS',
    'MAX_SESSIONS_PER_PRINCIPAL',
    'MAX_CALLS_PER_SESSION',
  ];
  const BAD: readonly (readonly [string, string, RegExp])[] = [
    ['PORT', '65536', /0 to 65535/],
    ['PORT', 'http', /whole number/],
    ['PORT', '-1', /whole number/],
    ['PORT', '8080.5', /whole number/],
    ['BASE_PATH', 'tools', /path like/],
    ['BASE_PATH', '/a b', /path like/],
    ['BASE_PATH', '/a/../b', /path like/],
    ['HOST', 'nobody.invalid', /address of this machine/],
    ['PUBLIC_URL', 'example.com', /http:\/\/ or https:\/\//],
    ['PUBLIC_URL', 'ftp://example.com', /http:\/\/ or https:\/\//],
    ['TRUST_PROXY', 'yes', /whole number/],
    ['ALLOWED_ORIGINS', 'example.com', /origins like/],
    ['ALLOWED_ORIGINS', 'https://a.example, https://b.example/path', /origins like/],
    ['ALLOWED_HOSTS', 'https://example.com', /host names/],
    ['ALLOWED_HOSTS', 'example.com:80', /host names/],
    ['MCP_SESSIONS', 'maybe', /optional, lenient, required, off/],
    ['MCP_SESSIONS', 'OFF', /optional, lenient, required, off/],
    ['LEGACY_ENDPOINT', 'full', /relative, absolute/],
    ['MCP_RESPONSE_MODE', 'xml', /auto, json, sse/],
    ['MCP_RESPONSE_ROUTING', 'get', /post, stream/],
    ['LOG_LEVEL', 'loud', /debug, info/],
    ['RATE_LIMIT_CALLS', 'many', /\d+\/\d+|off/],
    ['RATE_LIMIT_SESSIONS', '5', /\d+\/\d+|off/],
    ...MS.flatMap((name) => [[name, '1s', /whole number/] as const, [name, '2147483648', /to 2147483647/] as const]),
    ...COUNTS.map((name) => [name, '0', /from 1/] as const),
  ];

  // Several at a time, since starting is what takes the time.
  const exits = new Map<string, ReturnType<typeof runProgram>>();

  it.each(BAD)('%s=%s', async (name, value, expected) => {
    const at = BAD.findIndex((row) => row[0] === name && row[1] === value);
    for (const [other, otherValue] of BAD.slice(at, at + 3)) {
      const key = `${other}=${otherValue}`;
      if (!exits.has(key)) exits.set(key, runProgram({ [other]: otherValue }));
    }
    const { code, stdout, stderr } = (await exits.get(`${name}=${value}`))!;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(name);
    expect(stderr).toContain(value.split(', ').at(-1));
    expect(stderr).toMatch(expected);
  });

  it('and says nothing of a secret', async () => {
    const { code, stderr } = await runProgram({ STATE_SECRET: 'too-short-secret' });
    expect(code).toBe(1);
    expect(stderr).toContain('STATE_SECRET');
    expect(stderr).toMatch(/at least 32/);
    expect(stderr).not.toContain('too-short-secret');
  });

  it.each(['hunter2 with spaces', 'hunter2-ü'])(
    'and takes no DEBUG_TOKEN that nobody could send: %s',
    async (token) => {
      const { code, stderr } = await runProgram({ DEBUG_TOKEN: token });
      expect(code).toBe(1);
      expect(stderr).toMatch(/DEBUG_TOKEN.*expected one word/);
      expect(stderr).not.toContain('hunter2');
    },
  );

  it('and says what LEGACY_ENDPOINT=absolute needs', async () => {
    const { code, stderr } = await runProgram({ LEGACY_ENDPOINT: 'absolute' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('PUBLIC_URL') });
  });
});

describe('what cannot be had', () => {
  it('is a port in use: one line, and a code that is not zero', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const { code, stdout, stderr } = await runProgram({ PORT: String(port) });
    await new Promise((resolve) => holder.close(resolve));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/port/i);
    expect(stderr).toContain('PORT');
  });

  it.each(['203.0.113.7', 'no-such-host.invalid'])('is an address of another machine: HOST=%s', async (host) => {
    const { code, stderr } = await runProgram({ HOST: host });
    expect(code).toBe(1);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('warning')),
    ).toHaveLength(1);
    expect(stderr).toContain('HOST');
  });
});

describe('values from the environment', () => {
  it('are used', async () => {
    const { url } = await start({
      BASE_PATH: '/tools/',
      PUBLIC_URL: 'https://public.example/',
      LEGACY_ENDPOINT: 'absolute',
      MAX_BODY_BYTES: '500',
      MCP_SESSIONS: 'required',
      ALLOWED_ORIGINS: 'https://page.example',
      RETRY_MS: '77',
    });
    expect((await call(`${url}/mcp`)).status).toBe(404);
    const at = `${url}/tools`;
    expect((await call(`${at}/mcp`, { body: rpc('ping') })).status).toBe(400);
    expect((await call(`${at}/mcp`, { body: rpc('ping', { x: 'x'.repeat(500) }) })).status).toBe(413);
    for (const [Origin, status] of [
      ['https://page.example', 200],
      ['https://public.example', 200],
      ['https://claude.ai', 403],
      ['http://localhost:1', 403],
    ] as const) {
      expect((await call(`${at}/health`, { headers: { Origin } })).status).toBe(status);
    }
    const stream = await openStream(`${at}/sse`);
    expect((await stream.next()).data).toMatch(/^https:\/\/public\.example\/tools\/messages\/\?session_id=/);
    stream.close();
    const { get } = await openSession(`${at}/mcp`);
    const own = await get();
    expect((await own.next()).retry).toBe(77);
    own.close();
  });

  it('that are empty or blank are none', async () => {
    const { url } = await start({ HOST: '', MCP_SESSIONS: '  ', MAX_BODY_BYTES: '' });
    expect((await call(`${url}/mcp`, { body: rpc('ping') })).status).toBe(200);
  });

  it('let every page in with ALLOWED_ORIGINS=*, and say so', async () => {
    const program = await start({ ALLOWED_ORIGINS: '*', LOG_WIRE: '1', LOG_LEVEL: 'warn' });
    expect((await call(`${program.url}/health`, { headers: { Origin: 'https://any.example' } })).status).toBe(200);
    program.kill('SIGTERM');
    const { stderr } = await program.exited;
    // Who reads this log reads JSON, a warning as everything else.
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    for (const name of ['ALLOWED_ORIGINS', 'LOG_WIRE']) {
      expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: expect.stringContaining(name) }));
    }
  });
});

describe('SIGTERM and SIGINT', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly, with streams open', async (signal) => {
    const program = await start();
    const legacy = await openLegacy(program.url);
    const { get } = await openSession(program.url);
    const own = await get();
    program.kill(signal);
    await Promise.all([legacy.reader.waitForEnd(), own.waitForEnd()]);
    const { code, signal: by } = await within(DEFAULT_WAIT_MS, 'the program to end', program.exited);
    expect({ code, by }).toEqual({ code: 0, by: null });
  });

  it('lets a call in flight finish', async () => {
    const program = await start();
    const { stream } = await openSession(program.url);
    const params = { name: 'countdown', arguments: { from: 5, intervalMs: 100 }, _meta: { progressToken: 1 } };
    const reader = await stream(rpc('tools/call', params));
    await reader.nextMessage(({ method }) => method === 'notifications/progress');
    program.kill('SIGTERM');
    expect(await reader.nextMessage(({ id }) => id === 1)).toMatchObject({ result: { content: [{ type: 'text' }] } });
    expect((await program.exited).code).toBe(0);
  });

  it('twice ends it at once', async () => {
    const program = await start();
    const { stream } = await openSession(program.url);
    const params = { name: 'countdown', arguments: { from: 1000, intervalMs: 1000 }, _meta: { progressToken: 1 } };
    const reader = await stream(rpc('tools/call', params));
    program.kill('SIGTERM');
    // The first has been heard when new work is turned away.
    for (let status = 0; status !== 503;) ({ status } = await call(`${program.url}/ready`));
    program.kill('SIGTERM');
    expect((await within(5000, 'the program to end', program.exited)).code).not.toBe(0);
    reader.close();
  });
});
