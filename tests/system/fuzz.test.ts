// What nobody thought of: bytes at the socket, valid requests with something changed, JSON of all kinds. The seed is printed, so that what
// was found once can be found again: FUZZ_SEED=<seed>. FUZZ_MS is the time for each kind.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Attack, callTool, INITIALIZE, JSON_HEADERS, request } from '../support/abuse/attack.js';
import { judge, judgeVictim } from '../support/abuse/oracle.js';
import { type Gauges, Victim } from '../support/abuse/victim-process.js';
import { DEFAULT_WAIT_MS, within } from '../support/clients/within.js';
import { formatRequest } from '../support/raw-socket.js';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const BUDGET_MS = Number(process.env.FUZZ_MS ?? 3000);

let victim: Victim;
let baseline: Gauges;

beforeAll(async () => {
  process.stdout.write(`fuzzing with FUZZ_SEED=${SEED} FUZZ_MS=${BUDGET_MS}\n`);
  victim = await Victim.start({
    legacyResumeMs: 50,
    sessionIdleMs: 500,
    headersTimeoutMs: 1500,
    requestTimeoutMs: 2500,
    toolTimeoutMs: 1000,
  });
  baseline = await victim.gauges();
}, 60_000);

afterAll(() => victim.stop());

/** Runs until the time is up. The property fails when the answer is a 500, a hang or the death of the victim. */
async function fuzz<T>(arbitrary: fc.Arbitrary<T>, run: (input: T) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (input) => {
    await run(input);
    expect(victim.isAlive).toBe(true);
  });
  await fc.assert(property, {
    seed: SEED,
    numRuns: 1_000_000,
    interruptAfterTimeLimit: BUDGET_MS,
    markInterruptAsFailure: false,
    skipAllAfterTimeLimit: BUDGET_MS * 4,
  });
  await judgeVictim(victim, baseline);
}

/** Sends bytes, says that this was all, and reads what comes until the connection ends. */
async function throwBytes(bytes: Uint8Array): Promise<void> {
  const attack = new Attack(victim);
  try {
    const socket = await attack.connect();
    await socket.write(bytes).catch(() => undefined);
    await socket.end().catch(() => undefined);
    const { rest } = await socket.waitForEnd();
    expect(rest.toString('latin1')).not.toMatch(/^HTTP\/1\.1 5(?!03)/m);
  } finally {
    attack.close();
  }
}

async function postJson(body: unknown, headers: Readonly<Record<string, string>>): Promise<void> {
  const text = JSON.stringify(body);
  const response = await within(
    DEFAULT_WAIT_MS,
    `an answer to ${text.slice(0, 500)}`,
    fetch(`${victim.url}/mcp`, { method: 'POST', headers: { ...JSON_HEADERS, ...headers }, body: text }),
  );
  const answer = await within(DEFAULT_WAIT_MS, `the rest of an answer to ${text.slice(0, 500)}`, response.text());
  const said = `${response.status} ${answer}`;
  expect(said).not.toMatch(/^5(?!03)|-32603|node_modules|\n\s+at /);
}

const KEY = 'io.modelcontextprotocol/';
const modernMeta = {
  [`${KEY}protocolVersion`]: '2026-07-28',
  [`${KEY}clientInfo`]: { name: 'fuzz', version: '1' },
  [`${KEY}clientCapabilities`]: {},
};
const SEEDS = [
  request('ping'),
  request('tools/list', { cursor: 'x' }),
  request('resources/read', { uri: 'file:///a' }),
  request('prompts/get', { name: 'a', arguments: { b: 'c' } }),
  request('completion/complete', { ref: { type: 'ref/prompt', name: 'a' }, argument: { name: 'b', value: 'c' } }),
  request('logging/setLevel', { level: 'info' }),
  request('tasks/get', { taskId: 'x', _meta: modernMeta }),
  request('subscriptions/listen', { notifications: { toolsListChanged: 1 }, _meta: modernMeta }),
  request('server/discover', { _meta: modernMeta }),
  callTool('echo', { message: 'x' }),
  callTool('add', { a: 1, b: 2 }),
  callTool('strict', { text: 'a', list: [1, 2] }),
  callTool('countdown', { from: 1, seconds: 0 }),
  INITIALIZE,
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
  { jsonrpc: '2.0', id: 1, result: {} },
  [request('ping', undefined, 1), request('ping', undefined, 2)],
];

const http = (body: unknown, head = {}) =>
  formatRequest('127.0.0.1', {
    method: 'POST',
    path: '/mcp',
    headers: { ...JSON_HEADERS, ...head },
    body: JSON.stringify(body),
  });

/** A valid request with some of its bytes changed, doubled or gone. */
const mutatedBytes = fc
  .tuple(
    fc.constantFrom(
      ...SEEDS.map((body) => http(body)),
      formatRequest('127.0.0.1', { path: '/sse', headers: { Accept: 'text/event-stream' } }),
      formatRequest('127.0.0.1', { path: '/mcp', headers: { 'Last-Event-ID': 'a.m.0', 'Mcp-Session-Id': 'a' } }),
      formatRequest('127.0.0.1', { method: 'OPTIONS', path: '/mcp', headers: { Origin: 'http://localhost' } }),
      formatRequest('127.0.0.1', { method: 'DELETE', path: '/mcp', headers: { 'Mcp-Session-Id': 'a' } }),
    ),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        how: fc.nat(2),
        byte: fc.nat(255),
        length: fc.nat(40),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([bytes, changes]) => changes.reduce(change, bytes));

function change(
  bytes: Buffer,
  { at, how, byte, length }: { at: number; how: number; byte: number; length: number },
): Buffer {
  const place = Math.floor(at * bytes.length);
  const before = bytes.subarray(0, place);
  if (how === 0) return Buffer.concat([before, Buffer.of(byte), bytes.subarray(place + 1)]);
  if (how === 1) return Buffer.concat([before, bytes.subarray(place + length)]);
  return Buffer.concat([before, bytes.subarray(place, place + length), bytes.subarray(place)]);
}

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('__proto__', 'constructor', '', '\u0000', -0, 1e308, 2 ** 53, 'x'.repeat(10_000), '2026-07-28', null),
);

/** A valid message in which one value, wherever it stands, is another. */
const mutatedJson = fc.tuple(fc.constantFrom(...SEEDS), fc.nat(30), odd).map(([message, index, value]) => {
  const copy = structuredClone(message) as object;
  const places: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit(inner);
    }
  };
  visit(copy);
  const [node, key] = places[index % places.length] ?? [{}, ''];
  node[key] = value;
  return copy;
});

const anyMessage = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: odd }),
    id: fc.oneof(fc.integer(), fc.string(), odd),
    method: fc.oneof(
      fc.constantFrom('ping', 'tools/list', 'tools/call', 'resources/read', 'tasks/get'),
      fc.string(),
      odd,
    ),
    params: fc.oneof(fc.object({ maxDepth: 4 }), odd),
    result: odd,
    error: odd,
  },
  { requiredKeys: [] },
);

const anyHeaders = fc.record(
  {
    'MCP-Protocol-Version': fc.constantFrom('2024-11-05', '2025-03-26', '2025-11-25', '2026-07-28', '1', ''),
    'Mcp-Method': fc.constantFrom('ping', 'tools/call', '=?base64?eA==?=', ''),
    'Mcp-Name': fc.constantFrom('echo', 'add', '=?base64?%?=', ''),
    'Mcp-Session-Id': fc.constantFrom('x', '00000000-0000-4000-8000-000000000000', ''),
    Accept: fc.constantFrom('application/json', 'text/event-stream', '*/*', '*/*;q=0', 'a/b', ','),
  },
  { requiredKeys: [] },
);

describe('the server', () => {
  it('outlives random bytes', () => fuzz(fc.uint8Array({ maxLength: 2000 }), throwBytes), 60_000);

  it('outlives valid requests with some bytes changed', () => fuzz(mutatedBytes, throwBytes), 60_000);

  it(
    'outlives valid messages with one value changed',
    () => fuzz(fc.tuple(mutatedJson, anyHeaders), ([body, headers]) => postJson(body, headers)),
    60_000,
  );

  it(
    'outlives JSON of all kinds',
    () =>
      fuzz(fc.tuple(fc.oneof(anyMessage, fc.jsonValue()), anyHeaders), ([body, headers]) => postJson(body, headers)),
    60_000,
  );

  it('serves as before when it is over', async () => {
    const attack = new Attack(victim);
    const { status } = await attack.post(request('ping'));
    expect(status).toBe(200);
    await judge(attack, baseline);
  });
});
