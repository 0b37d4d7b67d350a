// The figures, as Prometheus reads them: there, right, bounded, and for the operator alone.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineTool } from '../../tools/define-tool.js';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { callModern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const failing = defineTool({
  name: 'failing',
  description: 'Fails.',
  run() {
    throw new Error('as it should');
  },
});

const STREAM = { headers: { Accept: 'text/event-stream' } };

describe('/metrics', () => {
  const wait = waitingTool();
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer({ tools: [failing, wait.tool] });
  });

  afterEach(() => server.close());

  /** Every sample by its name and labels, as they are written. */
  async function scrape(): Promise<Map<string, number>> {
    const { status, text } = await call(`${server.url}/metrics`);
    expect(status).toBe(200);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  async function untilFigure(name: string, value: number): Promise<void> {
    await until(`${name} is ${value}`, async () => (await scrape()).get(name) === value);
  }

  it('is text that Prometheus understands', async () => {
    const { header, text } = await call(`${server.url}/metrics`);
    expect(header('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(header('cache-control')).toBe('no-store');
    expect(text).toMatch(/^# TYPE dualgauge_request_duration_seconds histogram$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('counts sessions and streams that are open, by door and revision, and how they came and went', async () => {
    const session = await openSession(server.url, { revision: '2025-06-18' });
    const reader = await session.get();
    const pair = await openLegacy(server.url);
    const open = await scrape();
    expect(open.get('dualgauge_sessions{door="streamable",revision="2025-06-18"}')).toBe(1);
    expect(open.get('dualgauge_sessions{door="legacy",revision="2024-11-05"}')).toBe(1);
    expect(open.get('dualgauge_streams{door="streamable",revision="2025-06-18",kind="session"}')).toBe(1);
    expect(open.get('dualgauge_streams{door="legacy",revision="2024-11-05",kind="legacy"}')).toBe(1);
    expect(open.get('dualgauge_sessions_opened_total{door="legacy"}')).toBe(1);

    await session.delete();
    reader.close();
    pair.close();
    await untilFigure('dualgauge_stream_duration_seconds_count{kind="legacy"}', 1);
    const closed = await scrape();
    expect(closed.get('dualgauge_sessions_closed_total{door="streamable",reason="deleted"}')).toBe(1);
    expect(closed.get('dualgauge_streams_ended_total{kind="session",reason="session closed"}')).toBe(1);
    const ended = ['client closed', 'connection lost'].map((reason) =>
      closed.get(`dualgauge_streams_ended_total{kind="legacy",reason="${reason}"}`),
    );
    expect(ended.filter((figure) => figure !== undefined)).toEqual([1]);
    expect(closed.get('dualgauge_stream_bytes_total{kind="legacy"}')).toBeGreaterThan(50);
    expect([...closed.keys()].filter((name) => name.startsWith('dualgauge_streams{'))).toEqual([]);
  });

  it('counts requests by method and outcome, with the time they took', async () => {
    await callModern(server.url, 'tools/list');
    await call(`${server.url}/mcp`, { body: rpc('tools/list') });
    await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'nobody' }) });
    const figures = await scrape();
    expect(figures.get('dualgauge_requests_total{method="tools/list",outcome="ok"}')).toBe(2);
    expect(figures.get('dualgauge_requests_total{method="tools/call",outcome="error"}')).toBe(1);
    expect(figures.get('dualgauge_request_duration_seconds_count{method="tools/list"}')).toBe(2);
    expect(figures.get('dualgauge_request_duration_seconds_bucket{method="tools/list",le="+Inf"}')).toBe(2);
    expect(figures.get('dualgauge_http_responses_total{door="streamable",status="200"}')).toBe(3);
  });

  it('counts buckets up to their end, in seconds', async () => {
    await call(`${server.url}/mcp`, {
      body: rpc('tools/call', { name: 'countdown', arguments: { from: 1, intervalMs: 30 } }),
    });
    const figures = await scrape();
    const bucket = (le: string): number | undefined =>
      figures.get(`dualgauge_tool_duration_seconds_bucket{tool="countdown",le="${le}"}`);
    expect(bucket('0.025')).toBe(0);
    expect(bucket('600')).toBe(1);
    expect(figures.get('dualgauge_tool_duration_seconds_sum{tool="countdown"}')).toBeGreaterThan(0.025);
    expect(figures.get('dualgauge_tool_duration_seconds_sum{tool="countdown"}')).toBeLessThan(20);
  });

  it('counts the tools, and what went wrong with each', async () => {
    await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'failing' }) });
    await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }) });
    const figures = await scrape();
    expect(figures.get('dualgauge_tool_errors_total{tool="failing",cause="tool error"}')).toBe(1);
    expect(figures.get('dualgauge_tool_duration_seconds_count{tool="echo"}')).toBe(1);
    expect([...figures.keys()].filter((name) => /tool_errors.*echo/.test(name))).toEqual([]);
    expect(figures.get('dualgauge_faults_total')).toBe(1);
  });

  it('counts how long events take to be delivered, and what waits', async () => {
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }));
    await pair.reader.nextMessage();
    const figures = await scrape();
    expect(figures.get('dualgauge_event_delivery_seconds_count')).toBe(1);
    expect(figures.get('dualgauge_event_delivery_seconds_sum')).toBeLessThan(5);
    expect(figures.get('dualgauge_queued_events')).toBe(0);

    await pair.send(rpc('tools/call', { name: 'wait' }, 2));
    await wait.started();
    expect((await scrape()).get('dualgauge_calls_in_flight')).toBe(1);
    pair.close();
    await untilFigure('dualgauge_stream_duration_seconds_count{kind="legacy"}', 1);
    wait.finish();
    // Its answer waits for the client to come back.
    await untilFigure('dualgauge_queued_events', 1);
  });

  it('counts a stream that was written at once as it counts any other', async () => {
    const { text } = await callModern(server.url, 'tools/call', { name: 'echo', arguments: { message: 'hi' } }, STREAM);
    const figures = await scrape();
    expect(figures.get('dualgauge_streams_opened_total{kind="post"}')).toBe(1);
    expect(figures.get('dualgauge_streams_ended_total{kind="post",reason="complete"}')).toBe(1);
    expect(figures.get('dualgauge_stream_events_total{kind="post"}')).toBe(1);
    expect(figures.get('dualgauge_stream_bytes_total{kind="post"}')).toBe(Buffer.byteLength(text));
    expect(figures.get('dualgauge_stream_duration_seconds_count{kind="post"}')).toBe(1);
    expect(figures.get('dualgauge_event_delivery_seconds_count')).toBe(1);
  });

  it('counts that a client never opened its stream when it misses something, once', async () => {
    const session = await openSession(server.url);
    server.mcp.tools.add(defineTool({ name: 'late', description: 'Comes late.', run: () => 'late' }));
    const name = 'dualgauge_diagnoses_total{diagnosis="client never opened its stream"}';
    await untilFigure(name, 1);
    await session.delete();
    await untilFigure('dualgauge_sessions_closed_total{door="streamable",reason="deleted"}', 1);
    expect((await scrape()).get(name)).toBe(1);
  });

  it('counts how long an event waited for a reader that was not there', async () => {
    const slow = waitingTool();
    await server.close();
    server = await startServer({ tools: [slow.tool] });
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'wait' }));
    await slow.started();
    pair.close();
    await untilFigure('dualgauge_stream_duration_seconds_count{kind="legacy"}', 1);
    slow.finish();
    await untilFigure('dualgauge_queued_events', 1);
    const queuedAt = performance.now();
    await untilFigure('dualgauge_queued_events', 1);
    const waited = (performance.now() - queuedAt) / 1000;
    const again = await openLegacy(server.url, { headers: { 'Last-Event-ID': pair.firstEventId } });
    await again.reader.nextMessage();
    again.close();
    const figures = await scrape();
    expect(figures.get('dualgauge_event_delivery_seconds_count')).toBe(1);
    expect(figures.get('dualgauge_event_delivery_seconds_sum')).toBeGreaterThan(waited);
  });

  it('counts who was turned away, and why', async () => {
    await call(`${server.url}/mcp`, { headers: { Origin: 'https://evil.example' } });
    await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': 'nobody' } });
    const figures = await scrape();
    expect(figures.get('dualgauge_refusals_total{cause="origin"}')).toBe(1);
    expect(figures.get('dualgauge_refusals_total{cause="unknown session"}')).toBe(1);
    expect(figures.get('dualgauge_diagnoses_total{diagnosis="unknown session"}')).toBe(1);
  });

  it('tells a server that is full from one that goes away', async () => {
    await server.close();
    const slow = waitingTool();
    server = await startServer({ tools: [slow.tool], maxSessions: 1, maxCalls: 1, drainMs: 20_000 });
    const initialize = rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    await openSession(server.url);
    expect((await call(`${server.url}/mcp`, { body: initialize })).status).toBe(503);
    const running = call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'wait' }) });
    await slow.started();
    expect((await call(`${server.url}/mcp`, { body: rpc('ping') })).status).toBe(503);
    expect((await scrape()).get('dualgauge_refusals_total{cause="limit"}')).toBe(2);
    const closed = server.close();
    expect((await call(`${server.url}/mcp`, { body: initialize })).status).toBe(503);
    expect((await call(`${server.url}/sse`)).status).toBe(503);
    expect((await call(`${server.url}/mcp`, { body: rpc('ping') })).status).toBe(503);
    const figures = await scrape();
    expect(figures.get('dualgauge_refusals_total{cause="draining"}')).toBe(3);
    expect(figures.get('dualgauge_refusals_total{cause="limit"}')).toBe(2);
    slow.finish();
    await running;
    await closed;
  });

  it('has no more labels than we know names, whatever peers make up', async () => {
    for (let n = 0; n < 30; n += 1) {
      await call(`${server.url}/mcp`, { body: rpc(`made/up${n}`) });
      await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: `made_up_${n}` }) });
      await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: { not: 'text' } }) });
      await call(`${server.url}/made/up${n}`, { method: 'PROPFIND' });
      await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'MCP-Protocol-Version': `made-up-${n}` } });
      await call(`${server.url}/mcp`, {
        body: rpc('initialize', { protocolVersion: `made-up-${n}`, capabilities: {} }),
      });
    }
    await call(`${server.url}/mcp`, { body: rpc('__proto__') });
    const figures = await scrape();
    expect([...figures.keys()].filter((name) => name.includes('made'))).toEqual([]);
    expect(figures.get('dualgauge_requests_total{method="other",outcome="error"}')).toBe(31);
    expect(figures.get('dualgauge_tool_errors_total{tool="other",cause="error"}')).toBe(60);
  });

  it('keeps the figures of two servers in one process apart', async () => {
    const other = await startServer();
    try {
      await call(`${other.url}/mcp`, { body: rpc('tools/list') });
      expect((await scrape()).has('dualgauge_requests_total{method="tools/list",outcome="ok"}')).toBe(false);
    } finally {
      await other.close();
    }
  });

  it('answers HEAD, and other verbs with 405', async () => {
    const socket = await RawSocket.open(server.url);
    const head = await socket.request({ method: 'HEAD', path: '/metrics' });
    socket.close();
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await call(`${server.url}/metrics`, { method: 'POST', body: '{}' })).status).toBe(405);
  });
});
