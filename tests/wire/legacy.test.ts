// The rows of the wire contract's table "L — GET /sse and POST /messages/", each test named after its row.
import { describe, expect, it } from '@jest/globals';
import { DoorClient } from '../support/both-doors.js';
import { comparable } from '../support/comparable.js';
import { call, messagesOf, openStream, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { modern } from '../support/modern-call.js';
import { useServers } from '../support/servers.js';
import { isMessage, type SseEvent } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();

const NOBODY = '00000000-0000-4000-8000-000000000000';
const opening = (protocolVersion: unknown) => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});
const callTool = (name: string, args = {}, id: string | number = 1) => rpc('tools/call', { name, arguments: args }, id);
const cancelled = (requestId: string | number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

describe('GET /sse', () => {
  it('is a 200 stream whose first event names a path with the session id', async () => {
    const { url } = await start();
    const { reader, endpoint, id, close } = await openLegacy(url);
    expect(reader.response.status).toBe(200);
    expect(reader.raw.startsWith('event: endpoint\n')).toBe(true);
    expect(endpoint).toBe(`/messages/?session_id=${id}`);
    close();
  });

  it.each([undefined, '*/*', 'text/event-stream', 'application/json'])(
    'is a stream whatever is accepted: %s',
    async (accept) => {
      const { url } = await start();
      const { id, close } = await openLegacy(url, { headers: { Accept: accept } });
      expect(id).toMatch(/./);
      close();
    },
  );

  it('never trusts X-Forwarded-Prefix of somebody it does not know', async () => {
    const { url } = await start();
    const { endpoint, close } = await openLegacy(url, {
      headers: { 'X-Forwarded-Prefix': '/evil', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
    });
    expect(endpoint).toMatch(/^\/messages\/\?session_id=/);
    close();
  });

  it('names the prefix that a trusted proxy took off', async () => {
    const { url } = await start({ trustProxy: 1 });
    const endpointFor = async (prefix: string) => {
      const { endpoint, close } = await openLegacy(url, { headers: { 'X-Forwarded-Prefix': prefix } });
      close();
      return endpoint.split('?')[0];
    };
    expect(await endpointFor('/tools/')).toBe('/tools/messages/');
    expect(await endpointFor('/a/b')).toBe('/a/b/messages/');
    expect(await endpointFor('//evil.example')).toBe('/messages/');
    expect(await endpointFor('https://evil.example')).toBe('/messages/');
    expect(await endpointFor('/a?b')).toBe('/messages/');
  });
});

describe('session id', () => {
  it('is a random uuid, another for each stream', async () => {
    const { url } = await start();
    const pairs = await Promise.all([openLegacy(url), openLegacy(url), openLegacy(url)]);
    for (const { id } of pairs)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(pairs.map(({ id }) => id)).size).toBe(3);
    for (const { close } of pairs) close();
  });

  it('is accepted as session_id or sessionId, dashed or as 32 hex, whatever its case', async () => {
    const { url } = await start();
    const { id, reader, close } = await openLegacy(url);
    const hex = id.replaceAll('-', '');
    const forms = [
      `session_id=${id}`,
      `sessionId=${id}`,
      `session_id=${hex}`,
      `sessionId=${hex.toUpperCase()}`,
      `session_id=${id.toUpperCase()}`,
      `other=1&session_id=${id}&more=2`,
    ];
    for (const form of forms) {
      expect((await call(`${url}/messages/?${form}`, { body: rpc('ping', {}, form) })).status).toBe(202);
      expect(await reader.nextMessage()).toMatchObject({ id: form });
    }
    close();
  });
});

describe('POST /messages/?session_id=…', () => {
  it('is 202 Accepted at once, before the tool ends, and the answer comes as event: message', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const { post, reader, close } = await openLegacy(url);
    const { status, text } = await post(callTool('wait'));
    expect({ status, text }).toEqual({ status: 202, text: 'Accepted' });
    await waiting.started();
    expect(reader.events).toHaveLength(1);
    waiting.finish();
    const event = await reader.next(isMessage);
    expect(event.event).toBe('message');
    expect(JSON.parse(event.data!)).toMatchObject({ id: 1, result: { content: [{ type: 'text', text: 'waited' }] } });
    close();
  });

  it('is 202 for notifications and answers too, and nothing comes of them', async () => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    await send({ jsonrpc: '2.0', method: 'notifications/nobody-knows', params: { a: 1 } });
    await send({ jsonrpc: '2.0', id: 'never asked', result: {} });
    await send({ jsonrpc: '2.0', id: 99, error: { code: 1, message: 'no' } });
    await send(cancelled('never called'));
    await send(rpc('ping', {}, 'last'));
    expect(await reader.nextMessage()).toMatchObject({ id: 'last' });
    expect(messagesOf(reader, '2024-11-05')).toHaveLength(1);
    close();
  });

  it('answers what Accept forbids on an ordinary POST: the answer travels elsewhere', async () => {
    const { url } = await start();
    const { post, reader, close } = await openLegacy(url);
    expect((await post(rpc('ping'), { headers: { Accept: 'text/html' } })).status).toBe(202);
    await reader.nextMessage();
    close();
  });
});

describe('id missing, repeated, malformed', () => {
  it.each([
    ['', 'session_id is required'],
    ['?', 'session_id is required'],
    ['?session_id=', 'session_id is required'],
    ['?session=abc', 'session_id is required'],
    ['?Session_Id=abc', 'session_id is required'],
    [`?session_id=${NOBODY}&session_id=${NOBODY}`, 'session_id is malformed'],
    [`?session_id=${NOBODY}&sessionId=${NOBODY}`, 'session_id is malformed'],
    ['?session_id=abc', 'session_id is malformed'],
    ['?session_id=../../etc/passwd', 'session_id is malformed'],
    ['?session_id=%00', 'session_id is malformed'],
    [`?session_id=${NOBODY}x`, 'session_id is malformed'],
    [`?session_id=%20${NOBODY}`, 'session_id is malformed'],
    ['?session_id[]=abc', 'session_id is required'],
  ])('is 400 for %s: %s', async (query, message) => {
    const { url } = await start();
    const { status, json } = await call(`${url}/messages/${query}`, { body: rpc('ping', {}, 'mine') });
    expect({ status, json }).toEqual({
      status: 400,
      json: { jsonrpc: '2.0', id: 'mine', error: { code: -32600, message } },
    });
  });
});

describe('id unknown, expired', () => {
  it('is 404, byte for byte the same, whatever the reason', async () => {
    const { url, mcp } = await start({ legacyResumeMs: 20 });
    const gone = await openLegacy(url);
    gone.close();
    await until('the session has ended', () => mcp.sessions.size === 0);
    const opened = await call(`${url}/mcp`, { body: rpc('initialize', opening('2025-11-25')) });
    const ofOtherDoor = opened.header('mcp-session-id')!;
    const replies = await Promise.all(
      [NOBODY, gone.id, ofOtherDoor].map((id) =>
        call(`${url}/messages/?session_id=${id}`, { body: rpc('ping', {}, 5) }),
      ),
    );
    expect(replies[0]).toMatchObject({
      status: 404,
      json: { jsonrpc: '2.0', id: 5, error: { code: -32001, message: 'Session not found' } },
    });
    expect(new Set(replies.map(comparable)).size).toBe(1);
  });

  it('is 404 for notifications and answers too', async () => {
    const { url } = await start();
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]) {
      expect((await call(`${url}/messages/?session_id=${NOBODY}`, { body })).status).toBe(404);
    }
  });
});

describe('the stream', () => {
  it('is endpoint first and once, then only event: message with one line of JSON and an id, and comments', async () => {
    const { url } = await start({ keepAliveMs: 100 });
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('initialize', opening('2025-11-25'), 0));
    await send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    await send(callTool('echo', { message: 'two\nlines\r\nand \u2028 more' }, 'lines'));
    await send({
      ...callTool('countdown', { from: 3, intervalMs: 1 }, 'count'),
      ...withToken('count', { from: 3, intervalMs: 1 }),
    });
    await reader.nextMessage(({ id }) => id === 'count');
    await reader.nextMessage(({ id }) => id === 'lines');
    await reader.next(({ comment }) => comment !== undefined);
    const [first, ...rest] = blocksOf(reader.raw);
    expect(first).toMatch(/^event: endpoint\nid: [^\n]+\ndata: \/messages\/\?session_id=[^\n]+$/);
    for (const block of rest) expect(block).toMatch(/^(event: message\nid: [^\n]+\ndata: \{[^\n]*\}|: [^\n]*)$/);
    expect(reader.raw).not.toMatch(/^retry:/m);
    const ids = reader.events.filter(isMessage).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    messagesOf(reader, '2025-11-25');
    close();
  });

  it('keeps a progress notification and the result after it at least 15 ms apart', async () => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    for (let id = 1; id <= 9; id += 1) {
      // A busy machine may hand us both late and together; sent they were not before this.
      const before = performance.now();
      await send(withToken(id, { from: 1, intervalMs: 0 }));
      await reader.nextMessage(({ method }) => method === 'notifications/progress');
      await reader.nextMessage((message) => message.id === id);
      // Timers are off by a little.
      expect(performance.now() - before).toBeGreaterThan(15 - 2);
    }
    close();
  });
});

describe('keep-alive', () => {
  it('comes in time on every stream, and goes on when another stream ends', async () => {
    const { url } = await start({ keepAliveMs: 200 });
    const [first, second] = await Promise.all([openLegacy(url), openLegacy(url)]);
    const isComment = ({ comment }: SseEvent) => comment !== undefined;
    expect((await second.reader.next(isComment)).comment).toBe('keep-alive');
    await first.reader.next(isComment);
    first.close();
    await second.reader.next(isComment);
    await second.reader.next(isComment);
    expect(second.reader.raw).toContain('\n: keep-alive\n\n');
    second.close();
  });

  it('makes no timer per session', async () => {
    const { url } = await start();
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const first = await openLegacy(url);
    const before = timers();
    const more = await Promise.all(Array.from({ length: 20 }, () => openLegacy(url)));
    expect(timers() - before).toBeLessThan(10);
    for (const { close } of [first, ...more]) close();
  });
});

describe('LEGACY_ENDPOINT=absolute', () => {
  it('makes the endpoint a URL under PUBLIC_URL, whatever Host says', async () => {
    const { url } = await start({ legacyEndpoint: 'absolute', publicUrl: 'https://tools.example' });
    const reader = await openStream(`${url}/sse`, { headers: { Host: 'localhost' } });
    expect((await reader.next()).data).toMatch(/^https:\/\/tools\.example\/messages\/\?session_id=[0-9a-f-]{36}$/);
    reader.close();
  });

  it.each([
    ['https://tools.example/x', '', 'https://tools.example/x/messages/'],
    ['https://tools.example/x/', '', 'https://tools.example/x/messages/'],
    ['https://tools.example', '/tools', 'https://tools.example/tools/messages/'],
    ['https://tools.example/tools', '/tools', 'https://tools.example/tools/messages/'],
    ['https://tools.example/x', '/tools', 'https://tools.example/x/tools/messages/'],
    ['https://tools.example/mcp', '', 'https://tools.example/messages/'],
  ])('keeps the path of PUBLIC_URL %s with BASE_PATH "%s"', async (publicUrl, basePath, expected) => {
    const { url } = await start({ legacyEndpoint: 'absolute', publicUrl, basePath });
    const reader = await openStream(`${url}${basePath}/sse`);
    expect((await reader.next()).data).toMatch(new RegExp(`^${expected}\\?session_id=`));
    reader.close();
  });

  it('has a forwarded prefix once, whichever of the two says it', async () => {
    const { url } = await start({
      legacyEndpoint: 'absolute',
      publicUrl: 'https://tools.example/x',
      basePath: '/tools',
      trustProxy: 1,
    });
    const reader = await openStream(`${url}/tools/sse`, { headers: { 'X-Forwarded-Prefix': '/x' } });
    expect((await reader.next()).data).toMatch(/^https:\/\/tools\.example\/x\/tools\/messages\/\?session_id=/);
    reader.close();
  });
});

describe('calls without initialize before them', () => {
  it('are served', async () => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('tools/list', {}, 'list'));
    expect((await reader.nextMessage()).result.tools[0].name).toBe('server_status');
    await send(callTool('add', { a: 1, b: 2 }, 'add'));
    expect((await reader.nextMessage()).result.content).toEqual([{ type: 'text', text: '{"sum":3}' }]);
    close();
  });

  it('speak the revision of their header, which the client agreed on before', async () => {
    const { url } = await start();
    const { post, reader, close } = await openLegacy(url);
    await post(callTool('add', { a: 1, b: 2 }), { headers: { 'MCP-Protocol-Version': '2025-06-18' } });
    expect((await reader.nextMessage()).result.structuredContent).toEqual({ sum: 3 });
    close();
  });
});

describe('versions', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const)('negotiates %s', async (revision) => {
    const { url } = await start();
    const client = new DoorClient('legacy');
    await client.connect(url, { revision });
    expect(client.initialized.protocolVersion).toBe(revision);
    expect((await client.callTool('add', { a: 1, b: 2 })).content).toEqual([{ type: 'text', text: '{"sum":3}' }]);
    await client.close();
  });

  it.each([
    ['2099-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
    ['1', '2025-11-25'],
    [42, '2025-11-25'],
    [undefined, '2025-03-26'],
  ])('answers %s with %s', async (asked, answered) => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('initialize', opening(asked)));
    expect((await reader.nextMessage()).result.protocolVersion).toBe(answered);
    close();
  });

  it('takes an initialize without params', async () => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('initialize'));
    expect((await reader.nextMessage()).result.protocolVersion).toBe('2025-03-26');
    close();
  });
});

describe('a second initialize', () => {
  it('begins anew in the same session', async () => {
    const { url, mcp } = await start();
    const { send, reader, close } = await openLegacy(url);
    for (const revision of ['2024-11-05', '2025-06-18']) {
      await send(rpc('initialize', opening(revision)));
      expect((await reader.nextMessage()).result.protocolVersion).toBe(revision);
    }
    await send(callTool('add', { a: 1, b: 2 }));
    expect((await reader.nextMessage()).result.structuredContent).toEqual({ sum: 3 });
    expect(mcp.sessions.size).toBe(1);
    close();
  });
});

describe('stream drops, client comes back with Last-Event-ID', () => {
  it('is the same session: endpoint with the same id, then what was missed, in order, once', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ tools: [waiting.tool] });
    const first = await openLegacy(url);
    await first.send(rpc('ping', {}, 'seen'));
    const { id: seen } = await first.reader.next(isMessage);
    await first.send(callTool('wait', {}, 'in flight'));
    await waiting.started();
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    // The session lives on without its stream.
    for (const id of ['missed 1', 'missed 2', 'missed 3']) await first.send(rpc('ping', {}, id));
    waiting.finish();
    await until('the call has ended', () => mcp.calls.size === 0);
    expect(waiting.signals[0]?.aborted).toBe(false);

    const again = await openLegacy(url, { headers: { 'Last-Event-ID': seen } });
    expect(again.endpoint).toBe(first.endpoint);
    await again.send(rpc('ping', {}, 'live'));
    await again.reader.nextMessage(({ id }) => id === 'live');
    expect(messagesOf(again.reader, '2024-11-05').map(({ id }) => id)).toEqual([
      'missed 1',
      'missed 2',
      'missed 3',
      'in flight',
      'live',
    ]);
    expect(mcp.sessions.size).toBe(1);
    again.close();
  });

  it('takes the id of the endpoint event too: nothing was seen yet', async () => {
    const { url, mcp } = await start();
    const first = await openLegacy(url);
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    await first.send(rpc('ping', {}, 'missed'));
    const again = await openLegacy(url, { headers: { 'Last-Event-ID': first.firstEventId } });
    expect(again.id).toBe(first.id);
    expect(await again.reader.nextMessage()).toMatchObject({ id: 'missed' });
    again.close();
  });

  it('works while the old connection still seems to live: it takes over', async () => {
    const { url } = await start();
    const first = await openLegacy(url);
    await first.send(rpc('ping', {}, 'seen'));
    const { id: seen } = await first.reader.next(isMessage);
    const second = await openLegacy(url, { headers: { 'Last-Event-ID': seen } });
    await first.reader.waitForEnd();
    await second.send(rpc('ping', {}, 'live'));
    expect(await second.reader.nextMessage()).toMatchObject({ id: 'live' });
    expect(second.id).toBe(first.id);
    second.close();
  });

  it.each(['garbage', `${NOBODY}.m.3`, '', '1'])('begins anew for an id that means nothing here: "%s"', async (id) => {
    const { url, mcp } = await start();
    const pair = await openLegacy(url, { headers: { 'Last-Event-ID': id } });
    await pair.send(rpc('ping'));
    expect(await pair.reader.nextMessage()).toMatchObject({ id: 1 });
    expect(mcp.sessions.size).toBe(1);
    pair.close();
  });

  it('is 400 that says so when what was missed is no longer kept', async () => {
    const { url, mcp } = await start({ replayEvents: 2 });
    const first = await openLegacy(url);
    await first.send(rpc('ping', {}, 0));
    const { id: seen } = await first.reader.next(isMessage);
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    for (let id = 1; id <= 5; id += 1) await first.send(rpc('ping', {}, id));
    const reply = await call(`${url}/sse`, { headers: { 'Last-Event-ID': seen } });
    expect({ status: reply.status, message: reply.json.error.message }).toEqual({
      status: 400,
      message: expect.stringContaining('no longer kept'),
    });
  });
});

describe('stream drops, nobody comes back in time', () => {
  it('ends the session: its handlers are aborted, later POSTs get 404', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ legacyResumeMs: 30, tools: [waiting.tool] });
    const { post, send, close } = await openLegacy(url);
    await send(callTool('wait'));
    await waiting.started();
    close();
    await waiting.aborted();
    await until('the session has ended', () => mcp.sessions.size === 0);
    expect(mcp.calls.size).toBe(0);
    expect((await post(rpc('ping'))).status).toBe(404);
  });

  it('leaves alone those whose stream is there', async () => {
    const { url, mcp } = await start({ legacyResumeMs: 20 });
    const staying = await openLegacy(url);
    const leaving = await openLegacy(url);
    leaving.close();
    await until('one has ended', () => mcp.sessions.size === 1);
    await staying.send(rpc('ping'));
    await staying.reader.nextMessage();
    staying.close();
  });
});

describe('a client that comes back without Last-Event-ID and goes on without initialize', () => {
  it('gets a new session that serves it', async () => {
    const { url } = await start();
    const first = await openLegacy(url);
    await first.send(rpc('initialize', opening('2024-11-05')));
    await first.reader.nextMessage();
    first.close();
    const second = await openLegacy(url);
    expect(second.id).not.toBe(first.id);
    await second.send(callTool('echo', { message: 'again' }));
    expect((await second.reader.nextMessage()).result.content[0].text).toBe('again');
    second.close();
  });
});

describe('a duplicate in-flight id', () => {
  it.each([1, 0, '', 'same'])('is refused with -32600 on its POST, and the first is unharmed: %j', async (id) => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const { post, send, reader, close } = await openLegacy(url);
    await send(callTool('wait', {}, id));
    await waiting.started();
    const refused = await post(callTool('echo', { message: 'second' }, id));
    expect({ status: refused.status, json: refused.json }).toEqual({
      status: 400,
      json: { jsonrpc: '2.0', id, error: { code: -32600, message: expect.any(String) } },
    });
    waiting.finish();
    expect(await reader.nextMessage()).toMatchObject({ id, result: { content: [{ text: 'waited' }] } });
    // Now the id is free.
    await send(callTool('echo', { message: 'third' }, id));
    expect(await reader.nextMessage()).toMatchObject({ id, result: { content: [{ text: 'third' }] } });
    close();
  });

  it('is not what 1 and "1" are', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const { send, reader, close } = await openLegacy(url);
    await send(callTool('wait', {}, 1));
    await waiting.started();
    await send(rpc('ping', {}, '1'));
    expect(await reader.nextMessage()).toEqual({ jsonrpc: '2.0', id: '1', result: {} });
    close();
  });
});

describe('notifications/cancelled', () => {
  it('fires the signal of the handler, and nothing is answered', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ tools: [waiting.tool] });
    const { send, reader, close } = await openLegacy(url);
    await send(callTool('wait', {}, 'late'));
    await waiting.started();
    await send(cancelled('late'));
    await waiting.aborted();
    await send(rpc('ping', {}, 'after'));
    expect(await reader.nextMessage()).toMatchObject({ id: 'after' });
    expect(messagesOf(reader, '2024-11-05').map(({ id }) => id)).toEqual(['after']);
    expect(mcp.calls.size).toBe(0);
    close();
  });
});

describe('batches', () => {
  it('are taken at 2025-03-26, the answers one by one', async () => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('initialize', opening('2025-03-26')));
    await reader.nextMessage();
    await send([rpc('ping', {}, 'a'), { jsonrpc: '2.0', method: 'notifications/initialized' }, rpc('ping', {}, 'b')]);
    const ids = [(await reader.nextMessage()).id, (await reader.nextMessage()).id];
    expect(ids.sort()).toEqual(['a', 'b']);
    close();
  });

  it.each([
    ['2024-11-05', [rpc('ping')]],
    ['2025-11-25', [rpc('ping')]],
    ['2025-03-26', []],
    ['2025-03-26', [[rpc('ping')]]],
    ['2025-03-26', [rpc('initialize', opening('2025-03-26'))]],
    ['2025-03-26', [rpc('ping', {}, 1), rpc('ping', {}, 1)]],
    ['2025-03-26', [rpc('ping', {}, 1), 'hello']],
    ['2025-03-26', Array.from({ length: 51 }, (_, id) => rpc('ping', {}, id))],
  ])('are 400 -32600 otherwise: %s %j', async (revision, batch) => {
    const { url } = await start();
    const { send, post, reader, close } = await openLegacy(url);
    await send(rpc('initialize', opening(revision), 'open'));
    await reader.nextMessage();
    const { status, json } = await post(batch);
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32600 });
    await send(rpc('ping', {}, 'after'));
    expect(await reader.nextMessage()).toMatchObject({ id: 'after' });
    close();
  });
});

describe('POST /sse, DELETE /sse, GET /sse with Mcp-Session-Id', () => {
  it('are served as /mcp would, whole', async () => {
    const { url, mcp } = await start();
    const at = `${url}/sse`;
    const opened = await call(at, { body: rpc('initialize', opening('2025-11-25')) });
    expect(opened.status).toBe(200);
    const headers = { 'Mcp-Session-Id': opened.header('mcp-session-id') };
    expect((await call(at, { body: { jsonrpc: '2.0', method: 'notifications/initialized' }, headers })).status).toBe(
      202,
    );
    const added = await call(at, { body: callTool('add', { a: 1, b: 2 }), headers, speaks: '2025-11-25' });
    expect(added.json.result.structuredContent).toEqual({ sum: 3 });
    const stream = await openStream(at, { headers });
    expect((await stream.next()).event).toBeUndefined();
    expect((await call(at, { method: 'DELETE', headers })).status).toBe(204);
    await stream.waitForEnd();
    expect((await call(at, { body: rpc('ping'), headers })).status).toBe(404);
    expect(mcp.sessions.size).toBe(0);
  });

  it('serve 2026-07-28 too', async () => {
    const { url } = await start();
    expect((await call(`${url}/sse`, modern('tools/list'))).json.result.tools[0].name).toBe('server_status');
  });

  it('answers GET /sse with an unknown Mcp-Session-Id as /mcp does', async () => {
    const { url } = await start();
    const headers = { 'Mcp-Session-Id': NOBODY, Accept: 'text/event-stream' };
    const replies = [await call(`${url}/sse`, { headers }), await call(`${url}/mcp`, { headers })];
    expect(replies[0]?.status).toBe(404);
    expect(new Set(replies.map(comparable)).size).toBe(1);
  });
});

describe('POST /sse/messages/?…, POST /sse/?session_id=…', () => {
  it('are not the legacy pair', async () => {
    const { url } = await start();
    const { id, reader, close } = await openLegacy(url);
    expect((await call(`${url}/sse/messages/?session_id=${id}`, { body: rpc('ping') })).status).toBe(404);
    const { status, json } = await call(`${url}/sse/?session_id=${id}`, { body: rpc('ping', {}, 'here') });
    expect({ status, json }).toEqual({ status: 200, json: { jsonrpc: '2.0', id: 'here', result: {} } });
    expect(messagesOf(reader, '2024-11-05')).toEqual([]);
    close();
  });
});

function withToken(id: string | number, args: object) {
  return rpc('tools/call', { name: 'countdown', arguments: args, _meta: { progressToken: id } }, id);
}

function blocksOf(raw: string): string[] {
  return raw.split('\n\n').filter((block) => block !== '');
}
