// One span for each request, as the semantic conventions for MCP have it, in the trace its client began.
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
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
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

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
      { meta: { traceparent: TRACEPARENT }, headers: { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` } },
    );
    const span = await spanOf('tools/call nesting');
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it('goes on with the trace that the headers name', async () => {
    provide();
    await call(`${server.url}/mcp`, { body: rpc('tools/list'), headers: { traceparent: TRACEPARENT } });
    expect((await spanOf('tools/list')).spanContext().traceId).toBe(TRACE);
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
    ['a method nobody knows', rpc('no/such'), 'no/such', '-32601'],
    ['a tool nobody knows', rpc('tools/call', { name: 'nobody' }), 'tools/call nobody', '-32602'],
    ['a tool that takes too long', rpc('tools/call', { name: 'wait' }), 'tools/call wait', 'timeout'],
  ])('says what went wrong with %s', async (_what, body, name, type) => {
    provide();
    await call(`${server.url}/mcp`, { body });
    const span = await spanOf(name);
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes['error.type']).toBe(type);
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
