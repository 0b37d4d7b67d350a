// The rows of the wire contract's table "S — /mcp with a session", each test named after its row.
import { describe, expect, it } from '@jest/globals';
import { defineTool } from '../../tools/define-tool.js';
import { comparable } from '../support/comparable.js';
import { call, messagesOf, openStream, rpc, type HttpCall } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { modern } from '../support/modern-call.js';
import { useServers } from '../support/servers.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();

const NOBODY = '00000000-0000-4000-8000-000000000000';
const HANDSHAKE = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
const opening = (protocolVersion?: unknown) => ({
  ...(protocolVersion !== undefined && { protocolVersion }),
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});
const callTool = (name: string, args = {}, id: string | number = 1) => rpc('tools/call', { name, arguments: args }, id);
const add = callTool('add', { a: 1, b: 2 });
/** A call that says something before its result. */
const countdown = (from: number, id: string | number = 1, intervalMs = 1) =>
  rpc('tools/call', { name: 'countdown', arguments: { from, intervalMs }, _meta: { progressToken: id } }, id);
const cancelled = (requestId: string | number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
const notification = { jsonrpc: '2.0', method: 'notifications/initialized' };

describe('initialize', () => {
  it.each([
    ...HANDSHAKE.map((revision) => [revision, revision] as const),
    ['2026-07-28', '2025-11-25'],
    ['2099-01-01', '2025-11-25'],
    ['', '2025-11-25'],
    [7, '2025-11-25'],
    [undefined, '2025-03-26'],
  ])('that asks for %s is answered 200 with Mcp-Session-Id and %s', async (asked, answered) => {
    const { url, mcp } = await start();
    const { status, json, header } = await call(`${url}/mcp`, { body: rpc('initialize', opening(asked), 0) });
    expect({ status, id: json.id, version: json.result.protocolVersion }).toEqual({
      status: 200,
      id: 0,
      version: answered,
    });
    expect(header('mcp-session-id')).toMatch(/^[\x21-\x7e]{32,}$/);
    expect(mcp.sessions.size).toBe(1);
  });

  it.each([{ params: {} }, {}])('without a version in params is 2025-03-26: %j', async (more) => {
    const { url } = await start();
    const { json } = await call(`${url}/mcp`, { body: { ...rpc('initialize'), ...more } });
    expect(json.result.protocolVersion).toBe('2025-03-26');
  });

  it('is served with the newer headers that some clients put on it', async () => {
    const { url } = await start();
    const headers = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Method': 'initialize' };
    const { status } = await call(`${url}/mcp`, { body: rpc('initialize', opening('2025-11-25')), headers });
    expect(status).toBe(200);
  });

  it('says who we are', async () => {
    const { url } = await start({ instructions: 'Be kind.' });
    const { opened } = await openSession(url);
    expect(opened.json.result).toMatchObject({
      serverInfo: { name: 'dualgauge', version: '0.0.0-test' },
      instructions: 'Be kind.',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} },
    });
  });
});

describe('request with the session id', () => {
  it('is one JSON body if the response is all there is', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const { status, header, json, text } = await post(add);
    expect({ status, type: header('content-type') }).toEqual({ status: 200, type: 'application/json' });
    expect(json.result.structuredContent).toEqual({ sum: 3 });
    expect(header('content-length')).toBe(String(Buffer.byteLength(text)));
  });

  it('is an event stream if something must be said before it', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const { header, messages } = await post(countdown(2, 'n'));
    expect(header('content-type')).toBe('text/event-stream; charset=utf-8');
    const progress = messages.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map(({ params }) => params)).toEqual([
      { progressToken: 'n', progress: 1, total: 2, message: '1 to go' },
      { progressToken: 'n', progress: 2, total: 2, message: '0 to go' },
    ]);
    expect(messages.at(-1)).toMatchObject({ id: 'n', result: {} });
  });

  it('is an event stream if it takes longer than STREAM_AFTER_MS', async () => {
    const waiting = waitingTool();
    const { url } = await start({ streamAfterMs: 20, tools: [waiting.tool] });
    const { stream } = await openSession(url);
    const reader = await stream(callTool('wait'), { headers: { Accept: '*/*' } });
    expect(reader.response.status).toBe(200);
    waiting.finish();
    expect(await reader.nextMessage()).toMatchObject({ id: 1, result: { content: [{ text: 'waited' }] } });
    await reader.waitForEnd();
  });

  it('writes every message with an id of its own, by which the stream can be resumed', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const { events } = await post(countdown(3));
    const ids = events.map(({ id }) => id);
    expect(ids.every((id) => id !== undefined && /^[\x21-\x7e]+$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('Accept', () => {
  const formFor = async (accept: string | undefined, path = '/mcp', body: object = add) => {
    const { url } = await start();
    const { status, header } = await call(url + path, { body, headers: { Accept: accept } });
    return status === 200 ? header('content-type')?.split(';')[0] : status;
  };

  it.each([
    'application/json, text/event-stream',
    'text/event-stream, application/json',
    'application/json;q=0.1, text/event-stream;q=0.9',
    'Application/JSON , TEXT/event-stream',
    '*/*',
    undefined,
    'application/*, text/*',
    'text/html, */*;q=0.1',
    'application/json; charset=utf-8, text/event-stream',
  ])('of both is JSON when that is enough, and a stream when it is not: %s', async (accept) => {
    expect(await formFor(accept)).toBe('application/json');
    expect(await formFor(accept, '/mcp', countdown(1))).toBe('text/event-stream');
  });

  it.each([
    'application/json',
    'application/*',
    'application/json, text/html',
    'text/event-stream;q=0, application/json',
  ])('of JSON only is JSON, whatever there is to say: %s', async (accept) => {
    expect(await formFor(accept)).toBe('application/json');
    expect(await formFor(accept, '/mcp', countdown(1))).toBe('application/json');
  });

  it.each([
    'text/event-stream',
    'text/*',
    'text/event-stream, application/json;q=0',
    'application/json;q=0, */*',
    'text/event-stream, application/json;q=0.0',
  ])('of streams only is a stream: %s', async (accept) => {
    expect(await formFor(accept)).toBe('text/event-stream');
    expect(await formFor(accept, '/sse')).toBe('text/event-stream');
  });

  it.each([
    'text/html',
    'application/xml, image/*',
    '*/*;q=0',
    'application/json;q=0',
    'application/jsonx',
    'text/event',
  ])('of neither is 406: %s', async (accept) => {
    const { url, mcp } = await start();
    const { status, json } = await call(`${url}/mcp`, {
      body: rpc('initialize', opening(), 'mine'),
      headers: { Accept: accept },
    });
    expect({ status, id: json.id, sessions: mcp.sessions.size }).toEqual({ status: 406, id: 'mine', sessions: 0 });
  });

  it('in two headers is one', async () => {
    const { url } = await start();
    const { status } = await call(`${url}/mcp`, {
      body: add,
      headers: { Accept: 'text/html', accept: 'application/json' },
    });
    expect(status).toBe(200);
  });
});

describe('MCP_RESPONSE_MODE', () => {
  it('json answers with JSON, sse with a stream; what the client reads goes first', async () => {
    const formOf = async (responseMode: 'json' | 'sse', body: object, Accept = '*/*') => {
      const { url } = await start({ responseMode });
      return (await call(`${url}/mcp`, { body, headers: { Accept } })).header('content-type')?.split(';')[0];
    };
    expect(await formOf('json', add)).toBe('application/json');
    expect(await formOf('json', countdown(1))).toBe('application/json');
    expect(await formOf('json', add, 'text/event-stream')).toBe('text/event-stream');
    expect(await formOf('sse', add)).toBe('text/event-stream');
    expect(await formOf('sse', add, 'application/json')).toBe('application/json');
  });

  it.each([
    ['auto', 'text/event-stream'],
    ['sse', 'application/json, text/event-stream'],
  ] as const)(
    '%s begins what will be a stream in any case at once, for who accepts %s',
    async (responseMode, Accept) => {
      const waiting = waitingTool();
      const { url } = await start({ responseMode, streamAfterMs: 60_000, tools: [waiting.tool] });
      const { id } = await openSession(url);
      for (const headers of [{ Accept }, { Accept, 'Mcp-Session-Id': id }]) {
        // Open as soon as its headers are here: the tool has not ended.
        const reader = await openStream(`${url}/mcp`, { body: callTool('wait', {}, 'late'), headers });
        reader.close();
      }
    },
  );
});

describe('request or notification without a session id', () => {
  it('is served statelessly', async () => {
    const { url, mcp } = await start();
    const { status, json, header } = await call(`${url}/mcp`, { body: callTool('echo', { message: 'hi' }, 'x') });
    expect({ status, text: json.result.content[0].text }).toEqual({ status: 200, text: 'hi' });
    expect(header('mcp-session-id')).toBeUndefined();
    expect((await call(`${url}/mcp`, { body: notification })).status).toBe(202);
    expect(mcp.sessions.size).toBe(0);
  });

  it('speaks as a stream too, when something must be said', async () => {
    const { url } = await start();
    const { messages, events } = await call(`${url}/mcp`, { body: countdown(1) });
    expect(messages.map(({ method }) => method)).toContain('notifications/progress');
    // Nobody could come back for it.
    expect(events.every(({ id }) => id === undefined)).toBe(true);
  });

  it('is 400 with MCP_SESSIONS=required', async () => {
    const { url } = await start({ sessions: 'required' });
    for (const body of [rpc('ping', {}, 1), notification, { jsonrpc: '2.0', id: 1, result: {} }, [rpc('ping')]]) {
      const { status, json } = await call(`${url}/mcp`, { body });
      expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32600 });
    }
    const { post } = await openSession(url);
    expect((await post(add)).status).toBe(200);
  });
});

describe('unknown, expired, closed session id', () => {
  it('is 404, byte for byte the same, on POST and on GET', async () => {
    const { url, mcp } = await start({ sessionIdleMs: 40 });
    const expired = await openSession(url);
    await until('the session has expired', () => mcp.sessions.size === 0);
    const closed = await openSession(url);
    await closed.delete();
    const legacy = await openLegacy(url);
    const ids = [NOBODY, expired.id, closed.id, legacy.id, 'x', NOBODY.replaceAll('-', ''), 'ein "Wort"', '../../etc'];
    const posts = await Promise.all(
      ids.map((id) => call(`${url}/mcp`, { body: rpc('ping', {}, 0), headers: { 'Mcp-Session-Id': id } })),
    );
    expect(posts[0]).toMatchObject({
      status: 404,
      json: { jsonrpc: '2.0', id: 0, error: { code: -32001, message: 'Session not found' } },
    });
    expect(new Set(posts.map(comparable)).size).toBe(1);
    const headers = { Accept: 'text/event-stream' };
    const gets = await Promise.all(
      ids.map((id) => call(`${url}/mcp`, { headers: { ...headers, 'Mcp-Session-Id': id } })),
    );
    expect(gets[0]).toMatchObject({
      status: 404,
      json: { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' } },
    });
    expect(new Set(gets.map(comparable)).size).toBe(1);
    legacy.close();
  });

  it('is 404 for notifications, answers and initialize too', async () => {
    const { url, mcp } = await start();
    const headers = { 'Mcp-Session-Id': NOBODY };
    for (const body of [notification, { jsonrpc: '2.0', id: 1, result: {} }, rpc('initialize', opening())]) {
      expect((await call(`${url}/mcp`, { body, headers })).status).toBe(404);
    }
    expect(mcp.sessions.size).toBe(0);
  });

  it('never expires while a call is in flight or a stream attached', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ sessionIdleMs: 400, tools: [waiting.tool] });
    const calling = await openSession(url);
    const inFlight = calling.post(callTool('wait'));
    await waiting.started();
    const listening = await openSession(url);
    const stream = await listening.get();
    await openSession(url);
    await until('the idle one has expired', () => mcp.sessions.size === 2);
    expect((await calling.post(rpc('ping'))).status).toBe(200);
    expect((await listening.post(rpc('ping'))).status).toBe(200);
    waiting.finish();
    expect((await inFlight).status).toBe(200);
    stream.close();
  });

  it('is served statelessly with MCP_SESSIONS=lenient, on POST only', async () => {
    const { url, mcp } = await start({ sessions: 'lenient' });
    const { id, post, delete: end } = await openSession(url);
    await end();
    const { status, json, header } = await post(callTool('server_status', {}, 'on'));
    expect({ status, session: JSON.parse(json.result.content[0].text).session }).toEqual({
      status: 200,
      session: false,
    });
    expect(header('mcp-session-id')).toBeUndefined();
    expect((await post(notification)).status).toBe(202);
    const get = await call(`${url}/mcp`, { headers: { 'Mcp-Session-Id': id, Accept: 'text/event-stream' } });
    expect(get.status).toBe(404);
    expect(mcp.sessions.size).toBe(0);
  });
});

describe('MCP-Protocol-Version', () => {
  it.each(['2099-01-01', '1', 'latest', '', '2025-06-18, 2025-06-18'])('unknown is 400: "%s"', async (version) => {
    const { url } = await start();
    const { post } = await openSession(url);
    for (const reply of [
      await post(rpc('ping', {}, 'mine'), { headers: { 'MCP-Protocol-Version': version } }),
      await call(`${url}/mcp`, { body: rpc('ping', {}, 'mine'), headers: { 'MCP-Protocol-Version': version } }),
    ]) {
      expect({ status: reply.status, id: reply.json.id }).toEqual({ status: 400, id: 'mine' });
    }
  });

  it("absent is the session's, and else 2025-03-26", async () => {
    const { url } = await start();
    const { post } = await openSession(url, { revision: '2025-06-18' });
    expect((await post(add)).json.result.structuredContent).toEqual({ sum: 3 });
    expect((await call(`${url}/mcp`, { body: add })).json.result.structuredContent).toBeUndefined();
    const headers = { 'MCP-Protocol-Version': '2025-06-18' };
    expect((await call(`${url}/mcp`, { body: add, headers })).json.result.structuredContent).toEqual({ sum: 3 });
  });
});

describe('notification or response only', () => {
  it.each([
    ['a notification', notification],
    ['an unknown notification', { jsonrpc: '2.0', method: 'notifications/nobody-knows' }],
    ['a cancellation of nothing', cancelled('nothing')],
    ['a response to nothing', { jsonrpc: '2.0', id: 'nothing', result: {} }],
    ['an error to nothing', { jsonrpc: '2.0', id: 4, error: { code: -1, message: 'no' } }],
  ])('is 202, empty: %s', async (_what, body) => {
    const { url } = await start();
    const { post } = await openSession(url);
    const { status, text, header } = await post(body);
    expect({ status, text, length: header('content-length') }).toEqual({ status: 202, text: '', length: '0' });
  });
});

describe('batch', () => {
  const inSession = async (revision: '2025-03-26' | '2025-06-18' | '2025-11-25' | '2024-11-05' = '2025-03-26') => {
    const { url, mcp } = await start();
    return { ...(await openSession(url, { revision })), mcp };
  };

  it('is answered as an array, without what needs no answer', async () => {
    const { post } = await inSession();
    const { status, json } = await post([
      rpc('ping', {}, 1),
      notification,
      callTool('clok', {}, 'x'),
      rpc('none', {}, 0),
    ]);
    expect(status).toBe(200);
    expect(json).toHaveLength(3);
    expect(json).toEqual(
      expect.arrayContaining([
        { jsonrpc: '2.0', id: 1, result: {} },
        { jsonrpc: '2.0', id: 'x', error: { code: -32602, message: 'Unknown tool: clok' } },
        { jsonrpc: '2.0', id: 0, error: { code: -32601, message: 'Method not found' } },
      ]),
    );
  });

  it('of one is an array of one', async () => {
    const { post } = await inSession();
    expect((await post([rpc('ping')])).json).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  it('is one stream when something must be said before the answers', async () => {
    const { post } = await inSession();
    const { messages, header } = await post([rpc('ping', {}, 'quick'), countdown(1, 'slow')]);
    expect(header('content-type')).toContain('text/event-stream');
    expect(
      messages
        .map(({ id }) => id)
        .filter((id) => id !== undefined)
        .sort(),
    ).toEqual(['quick', 'slow']);
    expect(messages.some(({ method }) => method === 'notifications/progress')).toBe(true);
  });

  it('of notifications only is 202, empty', async () => {
    const { post } = await inSession();
    const { status, text } = await post([notification, cancelled(1)]);
    expect({ status, text }).toEqual({ status: 202, text: '' });
  });

  it('answers two requests with the same id, both', async () => {
    const { post } = await inSession();
    const { json } = await post([callTool('echo', { message: 'a' }, 1), callTool('echo', { message: 'b' }, 1)]);
    const answers = json as { result: { content: { text: string }[] } }[];
    expect(answers.map(({ result }) => result.content[0]?.text).sort()).toEqual(['a', 'b']);
  });

  it('holds 50 at most', async () => {
    const { post } = await inSession();
    const pings = (count: number) => Array.from({ length: count }, (_, id) => rpc('ping', {}, id));
    expect((await post(pings(50))).json).toHaveLength(50);
    const { status, json } = await post(pings(51));
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32600 });
  });

  it.each([
    ['empty', []],
    ['nested', [[rpc('ping')]]],
    ['with initialize inside', [rpc('ping'), rpc('initialize', opening(), 2)]],
    ['with something that is no message', [rpc('ping'), 1]],
    ['with id null', [rpc('ping'), { jsonrpc: '2.0', id: null, method: 'ping' }]],
  ])('is 400 -32600, and nothing is done, when it is %s', async (_what, body) => {
    const { post, mcp } = await inSession();
    const { status, json } = await post(body);
    expect({ status, json }).toEqual({
      status: 400,
      json: { jsonrpc: '2.0', error: { code: -32600, message: expect.any(String) } },
    });
    expect(mcp.sessions.size).toBe(1);
  });

  it.each(['2024-11-05', '2025-06-18', '2025-11-25'] as const)('is 400 -32600 at %s', async (revision) => {
    const { post } = await inSession(revision);
    const { status, json } = await post([rpc('ping')]);
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32600 });
  });

  it('is 400 -32600 at 2026-07-28', async () => {
    const { url } = await start();
    const { body, headers } = modern('tools/list');
    for (const request of [{ body: [body], headers }, { body: [body] }]) {
      const { status, json } = await call(`${url}/mcp`, request);
      expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32600 });
    }
  });

  it('is served without a session too, as 2025-03-26 has it', async () => {
    const { url } = await start();
    expect((await call(`${url}/mcp`, { body: [rpc('ping', {}, 'a')] })).json).toEqual([
      { jsonrpc: '2.0', id: 'a', result: {} },
    ]);
  });
});

describe('second initialize in a live session', () => {
  it('is 400 -32600, and nothing is changed', async () => {
    const { url, mcp } = await start();
    const { post } = await openSession(url, { revision: '2025-06-18' });
    const { status, json, header } = await post(rpc('initialize', opening('2025-03-26'), 'again'));
    expect({ status, id: json.id, code: json.error.code }).toEqual({ status: 400, id: 'again', code: -32600 });
    expect(header('mcp-session-id')).toBeUndefined();
    expect((await post(add)).json.result.structuredContent).toEqual({ sum: 3 });
    expect(mcp.sessions.size).toBe(1);
  });
});

describe('unknown method', () => {
  it.each(['nobody/knows', '', 'server/discover', 'subscriptions/listen', 'tools/CALL'])(
    'is 200 with -32601: "%s"',
    async (method) => {
      const { url } = await start();
      const { post } = await openSession(url);
      const { status, json } = await post(rpc(method, {}, 'u'));
      expect({ status, json }).toEqual({
        status: 200,
        json: { jsonrpc: '2.0', id: 'u', error: { code: -32601, message: 'Method not found' } },
      });
    },
  );
});

describe('unknown tool', () => {
  it('is 200 with -32602', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    for (const params of [{ name: 'clok' }, {}, { name: 7 }, { name: null }]) {
      const { status, json } = await post(rpc('tools/call', params));
      expect({ status, code: json.error.code }).toEqual({ status: 200, code: -32602 });
    }
  });

  it('does not repeat what could be markup or control characters', async () => {
    const { url } = await start();
    const { text } = await call(`${url}/mcp`, { body: callTool('<script>alert(1)</script>') });
    expect(text).not.toContain('script');
  });

  it('with bad arguments is a result with isError that says which argument and why', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const { status, json } = await post(callTool('add', { a: 1, b: 'two' }));
    expect({ status, isError: json.result.isError }).toEqual({ status: 200, isError: true });
    expect(json.result.content[0].text).toMatch(/\bb\b.*number/);
  });

  it('that fails keeps what it threw to us', async () => {
    const boom = defineTool({
      name: 'boom',
      description: 'Fails.',
      run() {
        throw new Error('hunter2 at /home/secret/file.ts');
      },
    });
    const { url } = await start({ tools: [boom] });
    const { json, text } = await call(`${url}/mcp`, { body: callTool('boom') });
    expect(json.result.isError).toBe(true);
    expect(text).not.toMatch(/hunter2|secret|\.ts|at /);
  });
});

describe('two calls in flight with the same id', () => {
  it('are both answered, each on its own POST', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const { post } = await openSession(url);
    const first = post(callTool('wait', {}, 1));
    await waiting.started();
    const second = await post(callTool('echo', { message: 'second' }, 1));
    expect(second.json.result.content[0].text).toBe('second');
    const third = post(callTool('wait', {}, 1));
    await waiting.started(2);
    waiting.finish();
    expect((await first).messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: 'waited' }] } });
    expect((await third).messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: 'waited' }] } });
  });

  it('are both answered as streams too', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const [one, two] = await Promise.all([post(countdown(2, 7)), post(countdown(4, 7))]);
    const steps = ({ messages }: typeof one) =>
      messages.filter(({ method }) => method === 'notifications/progress').length;
    expect([steps(one), steps(two)]).toEqual([2, 4]);
  });
});

describe('notifications/cancelled', () => {
  it('fires the signal at once, and a POST that would be JSON ends with -32800', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ tools: [waiting.tool] });
    const { post } = await openSession(url);
    const ended = post(callTool('wait', {}, 'w'), { headers: { Accept: 'application/json' } });
    await waiting.started();
    expect((await post(cancelled('w'))).status).toBe(202);
    expect((await ended).json).toMatchObject({ jsonrpc: '2.0', id: 'w', error: { code: -32800 } });
    expect(waiting.signals[0]?.aborted).toBe(true);
    expect({ calls: mcp.calls.size, streams: mcp.streams.size }).toEqual({ calls: 0, streams: 0 });
  });

  it('closes a stream, without a response', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ streamAfterMs: 10, tools: [waiting.tool] });
    const { stream, post } = await openSession(url);
    const reader = await stream(callTool('wait', {}, 'w'));
    await post(cancelled('w'));
    await reader.waitForEnd();
    await waiting.aborted();
    expect(messagesOf(reader, '2025-11-25')).toEqual([]);
    expect({ calls: mcp.calls.size, streams: mcp.streams.size }).toEqual({ calls: 0, streams: 0 });
  });

  it('of another session cancels nothing', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const [mine, theirs] = await Promise.all([openSession(url), openSession(url)]);
    const inFlight = mine.post(callTool('wait', {}, 1));
    await waiting.started();
    await theirs.post(cancelled(1));
    await call(`${url}/mcp`, { body: cancelled(1) });
    waiting.finish();
    expect((await inFlight).messages.at(-1)).toMatchObject({ result: { content: [{ text: 'waited' }] } });
  });
});

describe('a cancellation of an id that two calls have', () => {
  it('cancels both', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const { post } = await openSession(url);
    const calls = [post(callTool('wait', {}, 1)), post(callTool('wait', {}, 1))];
    await waiting.started(2);
    await post(cancelled(1));
    await Promise.all([...calls, waiting.aborted(1), waiting.aborted(2)]);
  });
});

describe('a client that reads JSON only', () => {
  it('hears what comes before its result on its GET stream, when that is open', async () => {
    const { url } = await start();
    const { get, post } = await openSession(url);
    const headers = { Accept: 'application/json' };
    expect((await post(countdown(1, 'a'), { headers })).messages).toHaveLength(1);
    const reader = await get();
    expect((await post(countdown(1, 'b'), { headers })).messages).toHaveLength(1);
    expect(await reader.nextMessage(({ method }) => method === 'notifications/progress')).toMatchObject({
      params: { progressToken: 'b' },
    });
    reader.close();
  });
});

describe('GET /mcp with session and Accept: text/event-stream', () => {
  it("is the session's own stream, with its headers at once", async () => {
    const { url, mcp } = await start();
    const { get } = await openSession(url);
    const reader = await get();
    expect(reader.response.status).toBe(200);
    mcp.tools.remove('echo');
    expect(await reader.nextMessage()).toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    reader.close();
  });

  it('is taken over by a second one, and the old one ends', async () => {
    const { url, mcp } = await start();
    const { get } = await openSession(url);
    const first = await get();
    const second = await get();
    await first.waitForEnd();
    mcp.tools.remove('echo');
    expect(await second.nextMessage()).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(messagesOf(first, '2025-11-25')).toEqual([]);
    expect(mcp.streams.size).toBe(1);
    second.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
  });

  it('is 406 when no stream is accepted', async () => {
    const { url } = await start();
    const { headers } = await openSession(url);
    expect((await call(`${url}/mcp`, { headers: { ...headers, Accept: 'application/json' } })).status).toBe(406);
  });

  it('carries no response of a POST', async () => {
    const { url } = await start();
    const { get, post } = await openSession(url);
    const reader = await get();
    await post(countdown(2));
    await post(add);
    expect(messagesOf(reader, '2025-11-25')).toEqual([]);
    reader.close();
  });
});

describe('GET /mcp without a session', () => {
  it.each([
    ['both types', { Accept: 'application/json, text/event-stream' }],
    ['any type', { Accept: '*/*' }],
    ['no Accept', {}],
    ['JSON', { Accept: 'application/json' }],
    ['a protocol version', { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25' }],
    ['an Mcp- header', { Accept: 'text/event-stream', 'Mcp-Method': 'x' }],
    ['an unknown Last-Event-ID', { Accept: 'text/event-stream', 'Last-Event-ID': 'abc' }],
    ['an empty Last-Event-ID', { Accept: 'text/event-stream', 'Last-Event-ID': '' }],
  ])('is 405 with Allow and JSON that names /sse: %s', async (_what, headers) => {
    const { url, mcp } = await start();
    const reply = await call(`${url}/mcp`, { headers });
    expect({ status: reply.status, allow: reply.header('allow') }).toEqual({
      status: 405,
      allow: expect.stringContaining('POST'),
    });
    expect(reply.json.error.message).toContain('/sse');
    expect(mcp.sessions.size).toBe(0);
  });

  it('is served as GET /sse would when Accept is text/event-stream alone: a legacy client at the wrong URL', async () => {
    const { url } = await start();
    const { send, reader, endpoint, close } = await openLegacy(`${url}/mcp`, {
      headers: { Accept: ' Text/Event-Stream ' },
    });
    expect(endpoint).toMatch(/^\/messages\/\?session_id=/);
    await send(callTool('echo', { message: 'found' }));
    expect((await reader.nextMessage()).result.content[0].text).toBe('found');
    close();
  });

  it('resumes a living legacy session by its Last-Event-ID', async () => {
    const { url } = await start();
    const first = await openLegacy(`${url}/mcp`);
    await first.send(rpc('ping', {}, 'seen'));
    const { id: seen } = await first.reader.next(isMessage);
    const again = await openLegacy(`${url}/mcp`, { headers: { 'Last-Event-ID': seen } });
    expect(again.id).toBe(first.id);
    again.close();
  });

  it('is 405 even for a legacy client with MCP_SESSIONS=off', async () => {
    const { url } = await start({ sessions: 'off' });
    const reply = await call(`${url}/mcp`, { headers: { Accept: 'text/event-stream' } });
    expect({ status: reply.status, allow: reply.header('allow') }).toEqual({ status: 405, allow: 'POST' });
  });
});

describe('Last-Event-ID', () => {
  it('is the rest of that stream, in order, once, while the call still runs', async () => {
    const { url, mcp } = await start();
    const { stream, get } = await openSession(url);
    const first = await stream(countdown(20, 'n', 10));
    await first.nextMessage();
    const { id: seen } = await first.next(isMessage);
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    expect(mcp.calls.size).toBe(1);
    const rest = await get(seen);
    await rest.waitForEnd();
    const all = [...messagesOf(first, '2025-11-25').slice(0, 2), ...messagesOf(rest, '2025-11-25')];
    const steps = all.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params.progress);
    expect(steps).toEqual(Array.from({ length: 20 }, (_, step) => step + 1));
    expect(all.at(-1)).toMatchObject({ id: 'n', result: {} });
  });

  it('is the rest of that stream when the call has ended', async () => {
    const { url } = await start();
    const { post, get } = await openSession(url);
    const whole = await post(countdown(3));
    const rest = await get(whole.events[2]?.id);
    await rest.waitForEnd();
    expect(messagesOf(rest, '2025-11-25')).toEqual(whole.messages.slice(2));
  });

  it('from the priming event is the whole stream', async () => {
    const { url } = await start();
    const { post, get } = await openSession(url);
    const whole = await post(countdown(2));
    const rest = await get(whole.events[0]?.id);
    await rest.waitForEnd();
    expect(messagesOf(rest, '2025-11-25')).toEqual(whole.messages);
  });

  it("works on the session's own stream, for what came while nobody listened", async () => {
    const { url, mcp } = await start();
    const { get } = await openSession(url);
    const first = await get();
    mcp.tools.remove('echo');
    const { id: seen } = await first.next(isMessage);
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    mcp.tools.remove('add');
    mcp.tools.remove('countdown');
    const again = await get(seen);
    await again.nextMessage();
    await again.nextMessage();
    expect(messagesOf(again, '2025-11-25')).toHaveLength(2);
    again.close();
  });

  it('of another session, of no session, or no longer kept is 400 that says so', async () => {
    const { url } = await start({ replayEvents: 2 });
    const [mine, theirs] = await Promise.all([openSession(url), openSession(url)]);
    const ofTheirs = (await theirs.post(countdown(1))).events.at(-1)?.id;
    const tooOld = (await mine.post(countdown(5))).events[0]?.id;
    for (const id of [ofTheirs, tooOld, 'garbage', `${mine.id}.p99.1`, `${mine.id}.m.99`, '']) {
      const headers = { ...mine.headers, Accept: 'text/event-stream', 'Last-Event-ID': id };
      const { status, json } = await call(`${url}/mcp`, { headers });
      expect({ id, status, message: json.error.message }).toEqual({
        id,
        status: 400,
        message: expect.stringContaining('Last-Event-ID'),
      });
    }
  });
});

describe('streams at 2025-11-25', () => {
  it('begin with an empty priming event with an id, and say retry', async () => {
    const { url } = await start({ retryMs: 1234 });
    const { post, get } = await openSession(url);
    const { events, text } = await post(countdown(1));
    expect(events[0]).toEqual({ id: expect.any(String), retry: 1234, data: '' });
    expect(text).toMatch(/^id: [^\n]+\nretry: 1234\ndata: ?\n\n/);
    const own = await get();
    expect(await own.next()).toEqual({ id: expect.any(String), retry: 1234, data: '' });
    own.close();
  });

  it('say 2500 ms by default', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    expect((await post(countdown(1))).events[0]?.retry).toBe(2500);
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18'] as const)(
    'are other than those at %s, which get neither',
    async (revision) => {
      const { url, mcp } = await start();
      const { post, get } = await openSession(url, { revision });
      const { text } = await post(countdown(1));
      expect(text).not.toContain('retry:');
      expect(text.startsWith('event: message\nid: ')).toBe(true);
      const own = await get();
      mcp.tools.remove('echo');
      await own.nextMessage();
      expect(own.events.filter((event) => !isMessage(event) && event.comment === undefined)).toEqual([]);
      own.close();
    },
  );
});

describe('a progress notification right before the result', () => {
  it.each(['2025-03-26', '2025-11-25'] as const)('is written at least 15 ms before it, at %s', async (revision) => {
    const { url } = await start();
    const { stream } = await openSession(url, { revision });
    const gaps: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const reader = await stream(countdown(1, 'n', 0));
      await reader.nextMessage(({ method }) => method === 'notifications/progress');
      const heardAt = performance.now();
      await reader.nextMessage(({ id }) => id === 'n');
      gaps.push(performance.now() - heardAt);
      reader.close();
    }
    // A busy machine may hand us both late and together, but not every time; timers and sockets are off by a little.
    expect(gaps.sort((a, b) => a - b)[4]).toBeGreaterThan(15 - 2);
  });
});

describe('Mcp-Method and the like on a handshake revision', () => {
  it('are ignored', async () => {
    const { url } = await start();
    const { post } = await openSession(url);
    const headers = {
      'Mcp-Method': 'something/else',
      'Mcp-Name': '=?base64?!!?=',
      'Mcp-Param-A': 'x',
      'MCP-Protocol-Version': '2025-11-25',
    };
    expect((await post(add, { headers })).json.result.structuredContent).toEqual({ sum: 3 });
    expect((await call(`${url}/mcp`, { body: add, headers })).status).toBe(200);
  });
});

describe('client drops the POST stream', () => {
  it('is not a cancellation: the call goes on and can be resumed', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ streamAfterMs: 10, tools: [waiting.tool] });
    const { stream, get } = await openSession(url);
    const reader = await stream(callTool('wait', {}, 'w'));
    const { id: seen } = await reader.next();
    reader.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    waiting.finish();
    await until('the call has ended', () => mcp.calls.size === 0);
    expect(waiting.signals[0]?.aborted).toBe(false);
    const rest = await get(seen);
    expect(await rest.nextMessage()).toMatchObject({ id: 'w', result: { content: [{ text: 'waited' }] } });
    await rest.waitForEnd();
  });
});

describe('DELETE /mcp', () => {
  it('is 204; calls are aborted, streams end, and the id answers 404 from then on', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ streamAfterMs: 10, tools: [waiting.tool] });
    const session = await openSession(url);
    const own = await session.get();
    const reader = await session.stream(callTool('wait', {}, 's'));
    const json = session.post(callTool('wait', {}, 'j'), { headers: { Accept: 'application/json' } });
    await waiting.started(2);
    const { status, text } = await session.delete();
    expect({ status, text }).toEqual({ status: 204, text: '' });
    await Promise.all([own.waitForEnd(), reader.waitForEnd(), waiting.aborted(1), waiting.aborted(2)]);
    expect((await json).json).toMatchObject({ id: 'j', error: { code: expect.any(Number) } });
    const unknown = await call(`${url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': NOBODY } });
    expect(comparable(await session.post(rpc('ping')))).toBe(comparable(unknown));
    expect({ sessions: mcp.sessions.size, calls: mcp.calls.size, streams: mcp.streams.size }).toEqual({
      sessions: 0,
      calls: 0,
      streams: 0,
    });
  });

  it('is 204 again and again, for ids nobody ever had, and without one', async () => {
    const { url } = await start();
    const session = await openSession(url);
    const replies = [
      await session.delete(),
      await session.delete(),
      await call(`${url}/mcp`, { method: 'DELETE', headers: { 'Mcp-Session-Id': NOBODY } }),
      await call(`${url}/mcp`, { method: 'DELETE', headers: { 'Mcp-Session-Id': '"' } }),
      await call(`${url}/mcp`, { method: 'DELETE' }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204]);
    expect(new Set(replies.map(comparable)).size).toBe(1);
  });

  it('does nothing to a legacy session of that id', async () => {
    const { url } = await start();
    const legacy = await openLegacy(url);
    await call(`${url}/mcp`, { method: 'DELETE', headers: { 'Mcp-Session-Id': legacy.id } });
    await legacy.send(rpc('ping'));
    expect(await legacy.reader.nextMessage()).toMatchObject({ id: 1 });
    legacy.close();
  });
});

describe('MCP_SESSIONS=off', () => {
  it('gives no session id, and GET and DELETE are 405 Allow: POST', async () => {
    const { url, mcp } = await start({ sessions: 'off' });
    const opened = await call(`${url}/mcp`, { body: rpc('initialize', opening('2025-11-25')) });
    expect({ status: opened.status, id: opened.header('mcp-session-id') }).toEqual({ status: 200, id: undefined });
    expect(mcp.sessions.size).toBe(0);
    for (const method of ['GET', 'DELETE']) {
      for (const headers of [{}, { 'Mcp-Session-Id': NOBODY }] as const) {
        const reply = await call(`${url}/mcp`, { method, headers: { Accept: 'text/event-stream', ...headers } });
        expect({ status: reply.status, allow: reply.header('allow') }).toEqual({ status: 405, allow: 'POST' });
      }
    }
    // What a client says of a session it never got is not held against it.
    expect((await call(`${url}/mcp`, { body: add, headers: { 'Mcp-Session-Id': NOBODY } })).status).toBe(200);
  });
});

describe('MCP_RESPONSE_ROUTING=stream (guide compatibility)', () => {
  const routed = { responseRouting: 'stream' } as const;

  it('gives a request 202, and its response on the open GET stream', async () => {
    const { url } = await start(routed);
    const { get, post } = await openSession(url);
    const reader = await get();
    const { status, text } = await post(add);
    expect({ status, text }).toEqual({ status: 202, text: '' });
    expect((await reader.nextMessage()).result.structuredContent).toEqual({ sum: 3 });
    reader.close();
  });

  it('answers on the POST while no GET stream is open', async () => {
    const { url } = await start(routed);
    const { post } = await openSession(url);
    expect((await post(add)).json.result.structuredContent).toEqual({ sum: 3 });
  });

  it('works with an id the client chose itself', async () => {
    const { url } = await start(routed);
    const headers = { 'Mcp-Session-Id': 'test-session-123' };
    const reader = await openStream(`${url}/mcp`, { headers });
    expect((await call(`${url}/mcp`, { body: rpc('initialize', {}, 'i'), headers })).status).toBe(202);
    expect(await reader.nextMessage()).toMatchObject({ id: 'i', result: { protocolVersion: '2025-03-26' } });
    expect((await call(`${url}/mcp`, { body: rpc('tools/list', {}, 'l'), headers })).status).toBe(202);
    expect((await reader.nextMessage()).id).toBe('l');
    reader.close();
  });

  it('is off by default', async () => {
    const { url } = await start();
    const headers = { 'Mcp-Session-Id': 'test-session-123', Accept: 'text/event-stream' };
    expect((await call(`${url}/mcp`, { headers })).status).toBe(404);
    const { get, post } = await openSession(url);
    const reader = await get();
    expect((await post(add)).status).toBe(200);
    reader.close();
  });
});

describe('the eras', () => {
  it('share one keep-alive connection, request by request', async () => {
    const { url } = await start();
    const { headers } = await openSession(url);
    const requests: HttpCall[] = [
      { body: rpc('ping', {}, 1), headers },
      modern('tools/list', {}, { id: 2 }),
      { body: rpc('ping', {}, 3) },
      { body: rpc('initialize', opening('2025-06-18'), 4) },
      modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }, { id: 5 }),
    ];
    const replies = [];
    for (const request of requests) replies.push(await call(`${url}/mcp`, request));
    expect(replies.map(({ json }) => json.id)).toEqual([1, 2, 3, 4, 5]);
  });
});
