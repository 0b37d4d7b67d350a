/** What is measured: each workload as a set of workers that do one operation after another. */
import { EventWire, formatRequest, Wire } from './wire.js';

export interface Target {
  readonly port: number;
  /** What this server wants to read in `Accept` for an answer of the kind in question. */
  readonly accept: string;
  readonly mcpPath: string;
  readonly ssePath: string;
  /** The revision it speaks without a session. */
  readonly revision: string;
}

/** Clients that are ready to go. */
export interface Crew {
  readonly workers: readonly (() => Promise<void>)[];
  close(): void;
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  prepare(target: Target): Promise<Crew>;
}

const CONNECTIONS = 12;
const LEGACY_SESSIONS = 50;
const BIG = 1_000_000;
const BOTH = 'application/json, text/event-stream';
const MODERN = '2026-07-28';
const CLIENT = { name: 'bench', version: '1.0.0' };

export const WORKLOADS: readonly Workload[] = [
  { name: 'W1', title: 'stateless call, JSON', prepare: (target) => repeat(target, call(target), 'hello') },
  { name: 'W2', title: 'same, as a stream', prepare: (target) => repeat(target, call(target), 'data:') },
  { name: 'W3', title: 'call in a session', prepare: callInSession },
  { name: 'W4', title: 'legacy round trip, 50 sessions', prepare: legacyRoundTrip },
  { name: 'W6', title: 'initialize + delete', prepare: initializeAndDelete },
  { name: 'W7', title: `${MODERN} call`, prepare: (target) => repeat(target, modernCall(target), 'hello') },
  { name: 'W8', title: '1 MB echo', prepare: (target) => repeat(target, call(target, 'x'.repeat(BIG)), 'xxxx', 4) },
];

function callBody(id: number, message = 'hello', meta?: object): object {
  const params = { name: 'echo', arguments: { message }, ...(meta === undefined ? {} : { _meta: meta }) };
  return { jsonrpc: '2.0', id, method: 'tools/call', params };
}

function call({ mcpPath, accept, revision }: Target, message?: string, session?: Opened): Buffer {
  const headers = { Accept: accept, ...(session?.headers ?? { 'MCP-Protocol-Version': revision }) };
  return formatRequest({ path: mcpPath, headers, body: callBody(1, message) });
}

function modernCall({ mcpPath, accept }: Target): Buffer {
  const headers = { Accept: accept, 'MCP-Protocol-Version': MODERN, 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return formatRequest({ path: mcpPath, headers, body: callBody(1, 'hello', meta) });
}

function initialize({ mcpPath, revision }: Target): Buffer {
  const params = { protocolVersion: revision, capabilities: {}, clientInfo: CLIENT };
  const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
  return formatRequest({ path: mcpPath, headers: { Accept: BOTH }, body });
}

async function repeat(target: Target, request: Buffer, expected: string, connections = CONNECTIONS): Promise<Crew> {
  const wires = openWires(target.port, connections);
  for (const wire of wires) await expectText(wire, request, expected);
  return { workers: wires.map((wire) => () => expectOk(wire, request)), close: () => closeAll(wires) };
}

/** A session, as the requests in it name it. */
interface Opened {
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens a session as a client does. */
export async function openSession(wire: Wire, target: Target): Promise<Opened> {
  const text = (await wire.exchange(initialize(target))).text();
  const id = /mcp-session-id: *(\S+)/i.exec(text)?.[1];
  const revision = /"protocolVersion":"([\d-]+)"/.exec(text)?.[1];
  if (id === undefined || revision === undefined) throw new Error(`initialize gave no session: ${text.slice(0, 500)}`);
  return { headers: { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': revision } };
}

async function callInSession(target: Target): Promise<Crew> {
  const wires = openWires(target.port, CONNECTIONS);
  const workers: (() => Promise<void>)[] = [];
  for (const wire of wires) {
    const session = await openSession(wire, target);
    await wire.exchange(
      formatRequest({
        path: target.mcpPath,
        headers: { Accept: BOTH, ...session.headers },
        body: { jsonrpc: '2.0', method: 'notifications/initialized' },
      }),
    );
    const request = call(target, 'hello', session);
    await expectText(wire, request, 'hello');
    workers.push(() => expectOk(wire, request));
  }
  return { workers, close: () => closeAll(wires) };
}

async function initializeAndDelete(target: Target): Promise<Crew> {
  const wires = openWires(target.port, CONNECTIONS);
  const workers = wires.map((wire) => async () => {
    const { headers } = await openSession(wire, target);
    await expectOk(wire, formatRequest({ method: 'DELETE', path: target.mcpPath, headers }));
  });
  return { workers, close: () => closeAll(wires) };
}

/** An open stream of the legacy pair, and where to post to. */
export async function openLegacy({ port, ssePath }: Target): Promise<{ stream: EventWire; path: string }> {
  const headers = { Accept: 'text/event-stream' };
  const stream = await EventWire.open(port, formatRequest({ method: 'GET', path: ssePath, headers }));
  const piece = await stream.next('data:');
  const path = /data: *(\S+)/.exec(piece)?.[1];
  if (path === undefined) throw new Error(`The stream named no endpoint: ${piece}`);
  return { stream, path };
}

// Each worker has a connection to post on and goes round its share of the sessions.
async function legacyRoundTrip(target: Target): Promise<Crew> {
  const wires = openWires(target.port, CONNECTIONS);
  const sessions = await Promise.all(Array.from({ length: LEGACY_SESSIONS }, () => openLegacy(target)));
  const posts = sessions.map(({ stream, path }) => ({ stream, request: formatRequest({ path, body: callBody(1) }) }));
  const roundTrip = async (wire: Wire, { stream, request }: (typeof posts)[number]): Promise<void> => {
    const event = stream.next('"result"');
    await expectOk(wire, request);
    await event;
  };
  for (const [index, { path }] of sessions.entries()) {
    const [wire] = wires;
    const session = posts[index];
    if (wire === undefined || session === undefined) continue;
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: CLIENT };
    const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
    await roundTrip(wire, { ...session, request: formatRequest({ path, body }) });
    await expectOk(wire, formatRequest({ path, body: { jsonrpc: '2.0', method: 'notifications/initialized' } }));
  }
  const workers = wires.map((wire, index) => {
    const own = posts.filter((_post, number) => number % CONNECTIONS === index);
    let turn = 0;
    return async () => {
      const session = own[turn++ % own.length];
      if (session !== undefined) await roundTrip(wire, session);
    };
  });
  return {
    workers,
    close() {
      closeAll(wires);
      for (const { stream } of sessions) stream.close();
    },
  };
}

export function openWires(port: number, count: number): Wire[] {
  return Array.from({ length: count }, () => new Wire(port));
}

function closeAll(wires: readonly Wire[]): void {
  for (const wire of wires) wire.close();
}

async function expectText(wire: Wire, request: Buffer, expected: string): Promise<void> {
  const answer = await wire.exchange(request);
  const text = answer.text();
  if (answer.status === 200 && text.includes(expected) && !text.includes('"isError":true')) return;
  throw new Error(`Expected an answer with "${expected}", got: ${text.slice(0, 400)}`);
}

async function expectOk(wire: Wire, request: Buffer): Promise<void> {
  const answer = await wire.exchange(request);
  if (answer.status < 200 || answer.status > 299) throw new Error(`Answered ${answer.text().slice(0, 400)}`);
}
