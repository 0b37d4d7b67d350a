import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { Changes } from '../../../protocol/changes.js';
import { CallContext } from '../../../protocol/context.js';
import type { PreparedResult } from '../../../protocol/json-rpc.js';
import { ANONYMOUS } from '../../../protocol/call.js';
import type { CallToolResult } from '../../../protocol/mcp.js';
import { builtInTools } from '../../../tools/built-in.js';
import { countdown } from '../../../tools/countdown.js';
import { toolMethods, type ToolMethodOptions } from '../../../tools/methods.js';
import { ToolRegistry } from '../../../tools/registry.js';
import { fakeCall } from '../../support/fake-call.js';

const startedAt = Date.now() - 90_500;
const facts = { name: 'dualgauge', version: '1.2.3', startedAt, sessions: () => 4, tools: () => 7 };
const session = { id: 'secret-id', logLevel: 'info' as const, subscriptions: new Set<string>(), save: () => undefined };
const client = { info: { name: 'probe', version: '9.1', title: 'Probe' }, capabilities: {} };

const registry = new ToolRegistry(
  { changes: new Changes(), serverInfo: { name: facts.name, version: facts.version } },
  builtInTools(facts),
);
const onFault = jest.fn<ToolMethodOptions['onFault']>();
const callMethod = toolMethods({ registry, timeoutMs: 60_000, maxMs: 600_000, onFault }).find(
  ({ name }) => name === 'tools/call',
)!;

async function callTool(name: string, args: object = {}, call = fakeCall()): Promise<CallToolResult> {
  return (await callMethod.run({ name, arguments: args }, call)) as CallToolResult;
}

function textOf({ content }: CallToolResult): string {
  const [block] = content;
  return block?.type === 'text' ? block.text : '';
}

afterEach(() => {
  expect(onFault).not.toHaveBeenCalled();
  onFault.mockClear();
});

describe('the built-in tools', () => {
  const { json } = registry.list({}, '2025-11-25', ANONYMOUS) as PreparedResult;
  const { tools } = z
    .object({
      tools: z.array(
        z.object({
          name: z.string(),
          title: z.string().min(3),
          description: z.string().min(40).max(400),
          annotations: z.record(z.string(), z.boolean()),
          inputSchema: z.looseObject({ properties: z.record(z.string(), z.looseObject({})) }),
        }),
      ),
    })
    .parse(JSON.parse(json));

  it('come in an order whose first needs no arguments', async () => {
    expect(tools.map(({ name }) => name)).toEqual([
      'server_status',
      'test_connection',
      'echo',
      'current_time',
      'add',
      'countdown',
      'large_result',
    ]);
    expect((await callTool(tools[0]!.name)).isError).toBeUndefined();
  });

  it('describe every field, and bound every text and whole number', () => {
    for (const { name, inputSchema } of tools) {
      for (const [field, schema] of Object.entries(inputSchema.properties)) {
        expect([name, field, schema.description]).toEqual([name, field, expect.any(String)]);
        if (schema.type === 'string')
          expect([name, field, schema.maxLength]).toEqual([name, field, expect.any(Number)]);
        if (schema.type === 'integer') expect([name, field, schema.maximum]).toEqual([name, field, expect.any(Number)]);
      }
    }
  });

  it('say that they change nothing and reach nowhere', () => {
    for (const { annotations } of tools)
      expect(annotations).toMatchObject({ readOnlyHint: true, openWorldHint: false });
  });
});

describe('server_status', () => {
  it('tells of the server and of this connection', async () => {
    const result = await callTool('server_status', {}, fakeCall({ session, client, revision: '2025-06-18' }));
    expect(result.structuredContent).toEqual({
      name: 'dualgauge',
      version: '1.2.3',
      revision: '2025-06-18',
      session: true,
      client: { name: 'probe', version: '9.1' },
      uptimeSeconds: expect.any(Number),
      nodeVersion: process.version,
      sessions: 4,
      tools: 7,
    });
    expect(result.structuredContent).toMatchObject({ uptimeSeconds: Math.floor((Date.now() - startedAt) / 1000) });
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
  });

  it('tells when there is no session and no name', async () => {
    const status: unknown = JSON.parse(
      textOf(await callTool('server_status', {}, fakeCall({ revision: '2026-07-28' }))),
    );
    expect(status).toMatchObject({ session: false, revision: '2026-07-28' });
    expect(status).not.toHaveProperty('client');
  });

  it('gives away neither the session id nor anything of the machine', async () => {
    const text = JSON.stringify(await callTool('server_status', {}, fakeCall({ session, client })));
    expect(text).not.toContain('secret-id');
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain(String(process.pid));
  });
});

describe('test_connection', () => {
  it('says that the message arrived, by which revision, and from whom', async () => {
    const text = textOf(await callTool('test_connection', { message: 'Grüße 👋' }, fakeCall({ session, client })));
    expect(text).toBe(
      'The connection works. Received "Grüße 👋" from probe 9.1, in MCP revision 2025-11-25, in a session.',
    );
  });

  it('says so when there is no session and no name', async () => {
    const text = textOf(await callTool('test_connection', { message: '' }, fakeCall({ revision: '2026-07-28' })));
    expect(text).toContain('a client that did not say its name');
    expect(text).toContain('in MCP revision 2026-07-28, without a session');
  });

  it('takes short messages only', async () => {
    expect((await callTool('test_connection', { message: 'x'.repeat(1001) })).isError).toBe(true);
    expect((await callTool('test_connection')).isError).toBe(true);
  });
});

describe('echo', () => {
  it.each(['', ' \t\n', '\0\u2028"\\', 'e\u0301', '👩‍👩‍👧‍👦', '{"json":true}'])(
    'returns %j to the letter',
    async (message) => {
      expect(await callTool('echo', { message })).toEqual({ content: [{ type: 'text', text: message }] });
    },
  );

  it('returns a megabyte, and refuses more', async () => {
    const message = 'x'.repeat(1024 * 1024);
    expect(textOf(await callTool('echo', { message }))).toBe(message);
    const refused = await callTool('echo', { message: `${message}x` });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toMatch(/message/);
    expect(textOf(refused).length).toBeLessThan(500);
  });
});

describe('current_time', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    [{}, 'UTC', /Tuesday,? 30 June 2026 at 22:30:00 UTC/],
    [{ timeZone: 'Asia/Tokyo' }, 'Asia/Tokyo', /Wednesday,? 1 July 2026 at 07:30:00/],
    [{ timeZone: 'america/new_york' }, 'America/New_York', /Tuesday,? 30 June 2026 at 18:30:00/],
  ])('tells the time for %j', async (args, timeZone, local) => {
    jest.useFakeTimers({
      now: Date.UTC(2026, 5, 30, 22, 30),
      doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'],
    });
    expect((await callTool('current_time', args)).structuredContent).toEqual({
      iso: '2026-06-30T22:30:00.000Z',
      timeZone,
      unixMs: Date.UTC(2026, 5, 30, 22, 30),
      local: expect.stringMatching(local),
    });
  });

  it.each(['Mars/Olympus', '', 'constructor', '../../etc/passwd'])(
    'says of the zone %j what it expected',
    async (timeZone) => {
      const result = await callTool('current_time', { timeZone });
      expect(result.isError).toBe(true);
      expect(textOf(result)).toContain(
        `Unknown time zone "${timeZone}": expected an IANA name such as "Europe/Berlin"`,
      );
    },
  );
});

describe('add', () => {
  it.each([
    [1, 2, 3],
    [-1.5, 0.25, -1.25],
    [0, -0, 0],
  ])('adds %d and %d', async (a, b, sum) => {
    expect(await callTool('add', { a, b })).toEqual({
      content: [{ type: 'text', text: JSON.stringify({ sum }) }],
      structuredContent: { sum },
    });
  });

  it.each([
    [{ a: 1 }, /^Invalid arguments for add: b: /],
    [{ a: '1', b: 2 }, /^Invalid arguments for add: a: .*expected number, received string/],
    [{ a: null, b: 2 }, /^Invalid arguments for add: a: /],
    [{ a: 1e308, b: 1e308 }, /too large/],
  ])('says what is wrong with %j', async (args, problem) => {
    const result = await callTool('add', args);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(problem);
  });
});

describe('countdown', () => {
  it('tells of each step, by progress and by log, and then that it is done', async () => {
    const call = fakeCall({ progressToken: 't', logLevel: 'info' });
    const result = await callTool('countdown', { from: 3, intervalMs: 1 }, call);
    expect(textOf(result)).toBe('Counted down from 3 in steps of 1 ms.');
    expect(call.progressed).toEqual([
      { progress: 1, total: 3, message: '2 to go' },
      { progress: 2, total: 3, message: '1 to go' },
      { progress: 3, total: 3, message: '0 to go' },
    ]);
    expect(call.sent).toEqual(
      ['2 to go', '1 to go', '0 to go'].map((data) => ({
        method: 'notifications/message',
        params: { level: 'info', logger: 'countdown', data },
      })),
    );
  });

  it('says nothing to the log of a client that wants to hear of worse only', async () => {
    const call = fakeCall({ logLevel: 'warning' });
    await callTool('countdown', { from: 2, intervalMs: 0 }, call);
    expect(call.sent).toEqual([]);
  });

  it('lets others have their turn when it does not wait', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    await callTool('countdown', { from: 20, intervalMs: 0 });
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('stops at once when nobody waits any more, and says no more', async () => {
    const call = fakeCall({ progressToken: 't', logLevel: 'info' });
    const running = countdown.run({ from: 5, intervalMs: 60_000 } as never, new CallContext(call)) as Promise<string>;
    await setTimeout(5);
    call.abort('cancelled');
    const startedWaiting = performance.now();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - startedWaiting).toBeLessThan(1000);
    expect([call.sent, call.progressed]).toEqual([[], []]);
  });

  it('says no more when its client leaves while it takes a message', async () => {
    const call = fakeCall({
      progressToken: 't',
      logLevel: 'info',
      notify: async () => call.abort('disconnected'),
    });
    expect(await callTool('countdown', { from: 5, intervalMs: 0 }, call)).toMatchObject({ isError: true });
    expect(call.progressed).toEqual([]);
  });

  it('leaves no listener behind on the signal', async () => {
    const call = fakeCall();
    const add = jest.spyOn(call.signal, 'addEventListener');
    const remove = jest.spyOn(call.signal, 'removeEventListener');
    await callTool('countdown', { from: 5, intervalMs: 0 }, call);
    expect(add).toHaveBeenCalledTimes(5);
    expect(remove).toHaveBeenCalledTimes(5);
  });

  it('has time for its longest step, and an end', async () => {
    const call = fakeCall();
    await callTool('countdown', { from: 1, intervalMs: 0 }, call);
    expect(call.limits[0]!.timeoutMs).toBeGreaterThan(60_000);
    expect(call.limits[0]!.maxMs).toBe(600_000);
  });

  it.each([
    {},
    { from: 0 },
    { from: 1001 },
    { from: 1.5 },
    { from: 1, intervalMs: -1 },
    { from: 1, intervalMs: 60_001 },
  ])('refuses %j', async (args) => {
    expect((await callTool('countdown', args)).isError).toBe(true);
  });
});

describe('large_result', () => {
  it.each([1, 63, 64, 65, 100_001, 10 * 1024 * 1024])('is exactly %d bytes, in UTF-8 and in JSON', async (bytes) => {
    const text = textOf(await callTool('large_result', { bytes }));
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(Buffer.byteLength(JSON.stringify(text))).toBe(bytes + 2);
  });

  it('is 100000 bytes when nobody says how many, and the same each time', async () => {
    const [first, second] = [await callTool('large_result'), await callTool('large_result')];
    expect(textOf(first)).toHaveLength(100_000);
    expect(second).toEqual(first);
  });

  it.each([0, -1, 1.5, 10 * 1024 * 1024 + 1, '10', null])('refuses %p bytes', async (bytes) => {
    expect((await callTool('large_result', { bytes })).isError).toBe(true);
  });
});
