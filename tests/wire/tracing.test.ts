// One span for each request, as the semantic conventions for MCP have it, in the trace its client began.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { shortenSessionId } from '../../transports/session-id.js';
import { defineTool } from '../../tools/define-tool.js';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { callModern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const OTHER_TRACE = '1'.repeat(32);
const OTHER_TRACEPARENT = `00-${OTHER_TRACE}-${'2'.repeat(16)}-01`;

/** Does something that has a span of its own. */
const nesting = defineTool({
  name: 'nesting',
  description: 'Works inside its span.',
  async run() {
    await Promise.resolve();
    trace.getTracer('test').startSpan('inner').end();
    return 'done';
  },
});

describe('tracing', () => {
  const exporter = new InMemorySpanExporter();
  const wait = waitingTool();
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer({ tools: [nesting, wait.tool], toolTimeoutMs: 60 });
  });

  afterEach(async () => {
    await server.close();
    trace.disable();
    context.disable();
    exporter.reset();
  });

  function provide(): void {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  async function spanOf(name: string): Promise<ReadableSpan> {
    await until(`there is a span ${name}`, () => exporter.getFinishedSpans().some((span) => span.name === name));
    return exporter.getFinishedSpans().find((span) => span.name === name)!;
  }

  it('says of a tool call what it was, by the conventions', async () => {
    provide();
    const session = await openSession(server.url);
    await session.post(rpc('tools/call', { name: 'echo', arguments: { message: 'hunter2' } }, 'my id'));
    const span = await spanOf('tools/call echo');
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2025-11-25',
      'mcp.session.id': shortenSessionId(session.id),
      'jsonrpc.request.id': 'my id',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'echo',
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
    });
    expect(JSON.stringify(span.attributes)).not.toContain('hunter2');
  });

  it('goes on with the trace that _meta names, before the one that the headers name', async () => {
    provide();
    await callModern(
      server.url,
      'tools/call',
      { name: 'nesting' },
      { meta: { traceparent: TRACEPARENT }, headers: { traceparent: OTHER_TRACEPARENT } },
    );
    const span = await spanOf('tools/call nesting');
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span.links.map((link) => link.context.traceId)).toEqual([OTHER_TRACE]);
  });

  it('goes on with the trace that the headers name', async () => {
    provide();
    await call(`${server.url}/mcp`, { body: rpc('tools/list'), headers: { traceparent: TRACEPARENT } });
    expect((await spanOf('tools/list')).spanContext().traceId).toBe(TRACE);
  });

  it.each(['nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 7])(
    'goes on with the trace that the headers name where _meta names %j',
    async (traceparent) => {
      provide();
      const body = rpc('tools/list', { _meta: { traceparent } });
      await call(`${server.url}/mcp`, { body, headers: { traceparent: TRACEPARENT } });
      const span = await spanOf('tools/list');
      expect(span.spanContext().traceId).toBe(TRACE);
      expect(span.links).toEqual([]);
    },
  );

  describe('inside the span of the program around it', () => {
    let ground: Context;
    let outer: Span;
    let url: string;
    let close: () => void;

    beforeEach(async () => {
      ground = ROOT_CONTEXT;
      provide();
      const around = createServer((req, res) => {
        outer = trace.getTracer('test').startSpan('outer', {}, ground);
        res.on('close', () => outer.end());
        context.with(trace.setSpan(ground, outer), () => server.mcp.app(req, res));
      });
      await new Promise<void>((resolve) => around.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(around.address() as AddressInfo).port}`;
      close = () => {
        around.close();
        around.closeAllConnections();
      };
    });

    afterEach(() => close());

    it.each([[{}], [{ traceparent: TRACEPARENT }]])('hangs below it, with the headers %j', async (headers) => {
      await call(`${url}/mcp`, { body: rpc('tools/call', { name: 'nesting' }), headers });
      const span = await spanOf('tools/call nesting');
      expect(span.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
      expect((await spanOf('inner')).parentSpanContext?.spanId).toBe(span.spanContext().spanId);
      expect(span.links.map((link) => link.context.traceId)).toEqual('traceparent' in headers ? [TRACE] : []);
    });

    it('names it where the call belongs to the trace that _meta names', async () => {
      await callModern(url, 'tools/call', { name: 'nesting' }, { meta: { traceparent: TRACEPARENT } });
      const span = await spanOf('tools/call nesting');
      expect(span.spanContext().traceId).toBe(TRACE);
      expect(span.links.map((link) => link.context.spanId)).toEqual([outer.spanContext().spanId]);
    });

    it('names it, and not what it goes on from, where all are of one trace', async () => {
      const remote = { traceId: TRACE, spanId: '3'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
      ground = trace.setSpanContext(ROOT_CONTEXT, remote);
      const headers = { traceparent: `00-${TRACE}-${'3'.repeat(16)}-01` };
      await callModern(url, 'tools/list', {}, { meta: { traceparent: TRACEPARENT }, headers });
      const span = await spanOf('tools/list');
      expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
      expect(span.links.map((link) => link.context.spanId)).toEqual([outer.spanContext().spanId]);
    });

    it('hangs below it over the legacy door, each call below the message it came in', async () => {
      const pair = await openLegacy(url);
      await pair.send(rpc('tools/call', { name: 'nesting' }));
      await pair.reader.nextMessage();
      const span = await spanOf('tools/call nesting');
      expect(span.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
      pair.close();
    });

    it('hangs below it in a session, and when the body comes late', async () => {
      const session = await openSession(url);
      const socket = await RawSocket.open(url);
      const body = JSON.stringify(rpc('tools/call', { name: 'nesting' }));
      const head = [
        'POST /mcp HTTP/1.1',
        `Host: ${new URL(url).host}`,
        'Content-Type: application/json',
        'Accept: application/json, text/event-stream',
        `Content-Length: ${body.length}`,
        `Mcp-Session-Id: ${session.id}`,
        'MCP-Protocol-Version: 2025-11-25',
      ];
      const before = outer;
      await socket.write(`${head.join('\r\n')}\r\n\r\n`);
      await until('the request has begun', () => outer !== before);
      await socket.write(body);
      await socket.response();
      const span = await spanOf('tools/call nesting');
      expect(span.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
      socket.close();
    });
  });

  it.each(['', 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `${TRACEPARENT}-more`])(
    'begins a trace of its own where %j is named',
    async (traceparent) => {
      provide();
      await call(`${server.url}/mcp`, { body: rpc('tools/list', { _meta: { traceparent } }) });
      const span = await spanOf('tools/list');
      expect(span.parentSpanContext).toBeUndefined();
    },
  );

  it('puts what a tool does below its call, also over the legacy door', async () => {
    provide();
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'nesting' }));
    await pair.reader.nextMessage();
    const outer = await spanOf('tools/call nesting');
    expect((await spanOf('inner')).parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    pair.close();
  });

  it.each([
    ['a tool that fails', rpc('tools/call', { name: 'add', arguments: {} }), 'tools/call add', 'tool_error'],
    ['a method nobody knows', rpc('no/such'), '_OTHER', '-32601'],
    ['a tool nobody knows', rpc('tools/call', { name: 'nobody' }), 'tools/call', '-32602'],
    ['a prompt nobody knows', rpc('prompts/get', { name: 'nobody' }), 'prompts/get', '-32602'],
    ['a tool that takes too long', rpc('tools/call', { name: 'wait' }), 'tools/call wait', 'tool_error'],
  ])('says what went wrong with %s', async (_what, body, name, type) => {
    provide();
    await call(`${server.url}/mcp`, { body });
    const span = await spanOf(name);
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes['error.type']).toBe(type);
  });

  it('says what a client called for that is not there, beside a name that is one of few', async () => {
    provide();
    await call(`${server.url}/mcp`, { body: rpc('no/such') });
    const { attributes } = await spanOf('_OTHER');
    expect(attributes).toMatchObject({ 'mcp.method.name': '_OTHER', 'rpc.method_original': 'no/such' });
    await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'nobody' }) });
    expect((await spanOf('tools/call')).attributes['gen_ai.tool.name']).toBe('nobody');
  });

  it('says of a call that the end of the server ended what its client was told', async () => {
    const slow = waitingTool();
    const other = await startServer({ tools: [slow.tool], drainMs: 50 });
    provide();
    const running = call(`${other.url}/mcp`, { body: rpc('tools/call', { name: 'wait' }) });
    await slow.started();
    await other.close();
    const { error } = (await running).messages.at(-1)!;
    const span = await spanOf('tools/call wait');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: error.message });
    expect(span.attributes).toMatchObject({ 'error.type': '-32603', 'rpc.response.status_code': String(error.code) });
  });

  it('has no whole session id and no secret in it, whatever a client calls things', async () => {
    provide();
    const session = await openSession(server.url);
    await session.post(rpc('tools/call', { name: session.id }, session.id));
    await session.post(rpc(session.id));
    await session.post(rpc('prompts/get', { name: session.id }));
    await session.post(rpc('resources/read', { uri: `https://u:hunter2@x.example/?token=hunter2#${session.id}` }));
    await spanOf('resources/read');
    const told = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, status }) => ({ name, attributes, status })),
    );
    expect(told).toContain(shortenSessionId(session.id));
    expect(told).not.toContain(session.id);
    expect(told).not.toContain('hunter2');
  });

  it('is not there without a provider, and begins when there is one', async () => {
    expect((await call(`${server.url}/mcp`, { body: rpc('tools/list') })).status).toBe(200);
    expect(exporter.getFinishedSpans()).toEqual([]);
    provide();
    await call(`${server.url}/mcp`, { body: rpc('tools/list') });
    await spanOf('tools/list');
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});
