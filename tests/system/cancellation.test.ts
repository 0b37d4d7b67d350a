// A call ends in many ways. In each the handler's signal fires with its reason, the stream ends, and nothing stays behind.
import { describe, expect, it } from '@jest/globals';
import { defineTool, type Tool } from '../../tools/define-tool.js';
import type { Context } from '../../protocol/context.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { quiet, useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { modern, streamModern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';

const start = useLeakNet();
const IDS = [0, '', -1, '0', 'x'];

/** A tool that hears its signal and goes on all the same, until the test lets it end. */
function stubbornTool({ timeoutMs }: { timeoutMs?: number } = {}): {
  tool: Tool;
  contexts: Context[];
  finish(): void;
  reasons(): unknown[];
} {
  const contexts: Context[] = [];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const tool = defineTool({
    name: 'stubborn',
    description: 'Does not stop.',
    ...(timeoutMs !== undefined && { timeoutMs }),
    async run(_args, context) {
      contexts.push(context);
      // Asked for before it fires, as tools do.
      if (!context.signal.aborted) await finished;
      await context.log('info', 'too late');
      await context.progress(1);
      return 'too late';
    },
  });
  return { tool, contexts, finish: () => finish(), reasons: () => contexts.map(({ signal }) => signal.reason) };
}

const callStubborn = (id: string | number): object => rpc('tools/call', { name: 'stubborn' }, id);
const cancelled = (requestId: string | number): object => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'enough' },
});

describe('notifications/cancelled', () => {
  it.each(IDS)('ends a legacy call with the id %j: its signal fires, and a late result is dropped', async (id) => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool] });
    const pair = await openLegacy(server.url);
    await pair.send(callStubborn(id));
    await pair.send(cancelled(id));
    await until('the signal fires', () => stubborn.reasons()[0] === 'cancelled');
    expect(server.mcp.calls.size).toBe(0);
    stubborn.finish();
    await pair.send(rpc('ping', undefined, 'after'));
    expect(await pair.reader.nextMessage()).toMatchObject({ id: 'after' });
    expect(pair.reader.raw).not.toContain('too late');
    pair.close();
  });

  it.each(IDS)(
    'ends a call on /mcp with the id %j: its stream ends at once, and a late result is dropped',
    async (id) => {
      const stubborn = stubbornTool();
      const server = await start({ tools: [stubborn.tool], streamAfterMs: 20 });
      const session = await openSession(server.url);
      const reader = await session.stream(callStubborn(id));
      await session.post(cancelled(id));
      await reader.waitForEnd(2000);
      expect(stubborn.reasons()).toEqual(['cancelled']);
      stubborn.finish();
      expect(reader.events.filter(isMessage)).toEqual([]);
      expect(server.mcp.calls.size).toBe(0);
      await session.delete();
      await quiet(server);
    },
  );

  it('is told apart by type: "0" does not end the call 0', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool] });
    const pair = await openLegacy(server.url);
    await pair.send(callStubborn(0));
    await pair.send(cancelled('0'));
    expect(stubborn.reasons()).toEqual([undefined]);
    stubborn.finish();
    expect(await pair.reader.nextMessage(({ id }) => id === 0)).toMatchObject({ result: {} });
    pair.close();
  });

  it('reaches a request that stands before it in the same batch, and leaves the others alone', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool] });
    const session = await openSession(server.url, { revision: '2025-03-26' });
    const { json } = await session.post([callStubborn(1), cancelled(1), rpc('ping', undefined, 2)]);
    expect(json).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
    expect(stubborn.reasons()).toEqual(['cancelled']);
    stubborn.finish();
    await session.delete();
  });
});

describe('a client that leaves', () => {
  it('ends its call by closing the stream of 2026-07-28', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 20 });
    const reader = await streamModern(server.url, 'tools/call', { name: 'stubborn' });
    reader.close();
    await until('the signal fires', () => stubborn.reasons()[0] === 'disconnected');
    await quiet(server);
    stubborn.finish();
  });

  it('ends its call at 2026-07-28 before there is a stream, too', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 60_000 });
    const { body, headers } = modern('tools/call', { name: 'stubborn' });
    const socket = await RawSocket.open(server.url);
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    await socket.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', ...given },
      body: JSON.stringify(body),
    });
    await until('it is called', () => stubborn.contexts.length === 1);
    socket.reset();
    await until('the signal fires', () => stubborn.reasons()[0] === 'disconnected');
    await quiet(server);
    stubborn.finish();
  });

  it.each([20, 60_000])(
    'does not end its call by dropping the POST of a session (a stream after %i ms)',
    async (streamAfterMs) => {
      const stubborn = stubbornTool();
      const server = await start({ tools: [stubborn.tool], streamAfterMs, sessionIdleMs: 300 });
      const session = await openSession(server.url);
      const socket = await RawSocket.open(server.url);
      await socket.send({
        method: 'POST',
        path: '/mcp',
        headers: { 'Content-Type': 'application/json', ...session.headers },
        body: JSON.stringify(callStubborn(1)),
      });
      await until('it is called', () => stubborn.contexts.length === 1);
      if (streamAfterMs < 1000) await socket.head();
      socket.reset();
      await until('the stream is gone', () => server.mcp.streams.size === 0);
      expect(stubborn.reasons()).toEqual([undefined]);
      expect(server.mcp.calls.size).toBe(1);
      stubborn.finish();
      // Nothing of the connection is left that would keep the session for ever.
      await until('the session expires', () => server.mcp.sessions.size === 0);
    },
  );

  it('leaves no stream behind that is opened when it has gone already', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 300, sessionIdleMs: 300 });
    const session = await openSession(server.url);
    const socket = await RawSocket.open(server.url);
    const headers = { 'Content-Type': 'application/json', ...session.headers };
    await socket.send({ method: 'POST', path: '/mcp', headers, body: JSON.stringify(callStubborn(1)) });
    await until('it is called', () => stubborn.contexts.length === 1);
    socket.reset();
    const [held] = server.mcp.sessions;
    const begun = performance.now();
    await until('the stream would have been opened', () => performance.now() - begun > 700);
    expect(held?.writers.size).toBe(0);
    stubborn.finish();
    await until('the session expires', () => server.mcp.sessions.size === 0);
  });

  it('ends its legacy calls when it does not come back in time', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], legacyResumeMs: 100 });
    const pair = await openLegacy(server.url);
    await pair.send(callStubborn(1));
    pair.close();
    await until('the signal fires', () => stubborn.reasons()[0] === 'session closed');
    await quiet(server);
    stubborn.finish();
  });
});

describe('the server', () => {
  it('ends the calls of a session that is deleted', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 20 });
    const session = await openSession(server.url);
    const readers = [await session.stream(callStubborn(1)), await session.stream(callStubborn(2)), await session.get()];
    await session.delete();
    await Promise.all(readers.map((reader) => reader.waitForEnd(2000)));
    expect(stubborn.reasons()).toEqual(['session closed', 'session closed']);
    await quiet(server);
    stubborn.finish();
  });

  it('ends a call that is late, and says so', async () => {
    const stubborn = stubbornTool({ timeoutMs: 100 });
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 40 });
    const session = await openSession(server.url);
    const { messages } = await session.post(callStubborn(1));
    expect(messages).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(stubborn.reasons()).toEqual(['timeout']);
    stubborn.finish();
    await session.delete();
    await quiet(server);
  });

  it('ends calls that last longer than its own end', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], drainMs: 50, streamAfterMs: 20 });
    const session = await openSession(server.url);
    const pair = await openLegacy(server.url);
    await pair.send(callStubborn(1));
    const reader = await session.stream(callStubborn(2));
    await server.close();
    expect(stubborn.reasons()).toEqual(['shutdown', 'shutdown']);
    await reader.waitForEnd(2000);
    await pair.reader.waitForEnd(2000);
    stubborn.finish();
  });
});

describe('a tool that ends, before it waits for anything,', () => {
  /** Does that at once, and then waits for the end. */
  const endsFirst = (end: (context: Context) => void): Tool =>
    defineTool({
      name: 'stubborn',
      description: 'Ends what it runs in.',
      async run(_args, context) {
        end(context);
        const { signal } = context;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return 'too late';
      },
    });

  it('its own session, hears of it', async () => {
    const tool = endsFirst(({ sessionId = '' }) => {
      for (const session of server.mcp.sessions)
        if (session.id === sessionId) void server.mcp.sessions.close(session, 'deleted');
    });
    const server = await start({ tools: [tool] });
    const session = await openSession(server.url);
    const { messages } = await session.post(callStubborn(1));
    expect(messages).toMatchObject([{ id: 1, error: { code: -32800 } }]);
    await quiet(server);
  });

  it('its own call, hears of it', async () => {
    const tool = endsFirst(({ sessionId, requestId }) => {
      for (const session of server.mcp.sessions) if (session.id === sessionId) void session.cancel(requestId);
    });
    const server = await start({ tools: [tool] });
    const session = await openSession(server.url);
    const { messages } = await session.post(callStubborn(1));
    expect(messages).toMatchObject([{ id: 1, error: { code: -32800 } }]);
    await session.delete();
    await quiet(server);
  });

  it('the server, is waited for', async () => {
    const tool = defineTool({
      name: 'stubborn',
      description: 'Stops the server, and finishes.',
      async run() {
        closed = server.close();
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 'finished';
      },
    });
    let closed: Promise<unknown> | undefined;
    const server = await start({ tools: [tool], drainMs: 5000 });
    const { messages } = await call(`${server.url}/mcp`, { body: callStubborn(1) });
    expect(messages).toMatchObject([{ id: 1, result: { content: [{ text: 'finished' }] } }]);
    await closed;
  });
});

describe('a handler that goes on though nobody waits', () => {
  it('cannot ask the client any more, and learns so at once', async () => {
    const errors: unknown[] = [];
    const asks = defineTool({
      name: 'stubborn',
      description: 'Asks too late.',
      async run(_args, context) {
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
        await context.listRoots().catch((error: unknown) => errors.push(error));
        await context.closeStream();
        return 'too late';
      },
    });
    const server = await start({ tools: [asks], streamAfterMs: 20 });
    const session = await openSession(server.url, { capabilities: { roots: {} } });
    const reader = await session.stream(callStubborn(1));
    await session.delete();
    await reader.waitForEnd();
    await until('it was told', () => errors.length === 1);
    expect(String(errors[0])).toContain('Nobody waits');
    await quiet(server);
  });
});

describe('a session that is gone', () => {
  it('has nothing in the log, whatever its handlers still say', async () => {
    const stubborn = stubbornTool();
    const server = await start({ tools: [stubborn.tool], streamAfterMs: 20 });
    const session = await openSession(server.url);
    await session.stream(callStubborn(1));
    await session.delete();
    stubborn.finish();
    await quiet(server);
    const headers = { 'Mcp-Session-Id': session.id };
    expect((await call(`${server.url}/mcp`, { headers: { ...headers, Accept: 'text/event-stream' } })).status).toBe(
      404,
    );
    await expect(openStream(`${server.url}/mcp`, { headers })).rejects.toThrow('404');
  });
});
