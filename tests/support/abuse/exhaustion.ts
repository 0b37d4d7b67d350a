// Too much of everything: connections, sessions, calls, patience.
import { type AbuseCase, expectThat } from './abuse-case.js';
import { callTool, INITIALIZE, JSON_HEADERS, request } from './attack.js';

const MEGABYTES = 4 * 1024 * 1024;
/** Longer than this the loop may not stand still, whatever comes. Generous: other tests run on the same machine. */
const STALL_MS = 5000;

/** Four megabytes made to be slow, and a good request beside them. */
function hostile(name: string, body: () => string): AbuseCase {
  return {
    name: `four megabytes of ${name} do not stop the loop`,
    victim: 'roomy',
    async run(attack) {
      await attack.victim.delayMs();
      const [, beside] = await Promise.all([attack.post(body()), attack.post(request('ping'))]);
      expectThat(beside.status === 200, 'the other request to be served');
      const delayMs = await attack.victim.delayMs();

      expectThat(delayMs < STALL_MS, `a delay under ${STALL_MS} ms, and it was ${delayMs}`);
    },
  };
}

const fill = (item: string) => item.repeat(Math.floor(MEGABYTES / item.length)).slice(0, MEGABYTES);
const echo = (text: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"strict","arguments":${text}}}`;
const numbered = (make: (n: number) => string) => {
  const parts: string[] = [];
  for (let n = 0, size = 0; size < MEGABYTES; n += 1) {
    const part = make(n);
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join(',');
};

export const EXHAUSTION: readonly AbuseCase[] = [
  hostile('opening brackets', () => fill('[')),
  hostile('opening objects', () => fill('{"a":')),
  hostile('lists in lists', () => '['.repeat(MEGABYTES / 2) + ']'.repeat(MEGABYTES / 2)),
  hostile('nothing', () => fill(' ')),
  hostile('keys', () => echo(`{${numbered((n) => `"k${n}":0`)}}`)),
  hostile('keys that are numbers', () => echo(`{${numbered((n) => `"${(n * 16_777_216) % 4_294_967_295}":0`)}}`)),
  hostile('the same key', () => echo(`{${numbered(() => '"a":0')}}`)),
  hostile('numbers', () => echo(`{"text":"a","list":[${numbered((n) => String(n))}]}`)),
  hostile('one number', () => echo(`{"text":${fill('9')}}`)),
  hostile('escapes', () => echo(`{"text":"${fill('\\u0041')}"}`)),
  hostile('small objects', () => echo(`{"text":"a","list":[${numbered(() => '{}')}]}`)),
  hostile('a name', () => JSON.stringify(callTool(fill('a')))),
  hostile('a uri', () => JSON.stringify(request('resources/read', { uri: fill('a/') }))),
  hostile('a method', () => JSON.stringify(request(fill('a/')))),
  hostile('an id', () => JSON.stringify(request('ping', undefined, fill('a')))),
  hostile('a batch', () => `[${numbered(() => '{"jsonrpc":"2.0","method":"x"}')}]`),
  {
    name: 'headers that never end are given up on',
    status: [408],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`GET / HTTP/1.1\r\nHost: ${attack.host}\r\nX-Slow: `);
      await attack.answer(socket);
      await socket.waitForEnd();
    },
  },
  {
    name: 'a connection that says nothing is given up on',
    async run(attack) {
      const socket = await attack.connect();
      await socket.waitForEnd();
    },
  },
  {
    name: 'a body that never ends is given up on',
    status: [408],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(
        `POST /mcp HTTP/1.1\r\nHost: ${attack.host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      );
      await attack.answer(socket);
      await socket.waitForEnd();
    },
  },
  {
    name: 'fifty slow ones do not keep a quick one waiting',
    async run(attack) {
      const slow = await Promise.all(Array.from({ length: 50 }, () => attack.connect()));
      await Promise.all(slow.map((socket) => socket.write(`POST /mcp HTTP/1.1\r\nHost: ${attack.host}\r\nX: `)));
      const { status } = await attack.post(request('ping'));
      expectThat(status === 200, '200');
    },
  },
  {
    name: 'more sessions than there may be',
    async run(attack) {
      const ids: string[] = [];
      let refused = 0;
      for (let n = 0; n < 25; n += 1) {
        const answer = await attack.post(INITIALIZE);
        const id = answer.header('mcp-session-id');
        if (id !== undefined) ids.push(id);
        else if (answer.status === 503 && answer.header('retry-after') !== undefined) refused += 1;
      }
      expectThat(ids.length === 20 && refused === 5, `20 sessions and 5 refusals, got ${ids.length} and ${refused}`);
      for (const id of ids) await attack.ask({ method: 'DELETE', path: '/mcp', headers: { 'Mcp-Session-Id': id } });
    },
  },
  {
    name: 'more legacy streams than there may be sessions',
    async run(attack) {
      const open = await Promise.all(Array.from({ length: 20 }, () => attack.legacy()));
      const { status } = await attack.ask({ path: '/sse' });
      expectThat(status === 503, '503');
      for (const { socket } of open) socket.close();
    },
  },
  {
    name: 'more calls in a session than there may be',
    async run(attack) {
      const { socket, id } = await attack.legacy();
      const path = `/messages/?session_id=${id}`;
      const statuses: number[] = [];
      for (let n = 0; n < 12; n += 1) statuses.push((await attack.post(callTool('hold', {}, n), {}, path)).status);
      expectThat(statuses.filter((status) => status === 202).length === 10, `10 calls, got ${statuses.join()}`);
      expectThat(statuses.at(-1) === 503, '503');
      socket.close();
    },
  },
  {
    name: 'a reader that does not read',
    async run(attack) {
      const { socket, id } = await attack.legacy();
      const path = `/messages/?session_id=${id}`;
      await attack.post(callTool('flood', {}, 'f'), {}, path);
      await attack.post(callTool('large_result', { bytes: 1_000_000 }, 'l'), {}, path);
      await attack.victim.gauges();
      socket.reset();
    },
  },
  {
    name: 'a reader of a POST that does not read',
    async run(attack) {
      const session = await attack.session();
      const headers = { ...JSON_HEADERS, 'Mcp-Session-Id': session };
      const socket = await attack.connect();
      await socket.send({ method: 'POST', path: '/mcp', headers, body: JSON.stringify(callTool('flood')) });
      await socket.head();
      await attack.ask({ method: 'DELETE', path: '/mcp', headers });
      socket.close();
    },
  },
  {
    name: 'streams opened and dropped, over and over',
    async run(attack) {
      for (let n = 0; n < 15; n += 1) {
        const { socket } = await attack.legacy();
        socket.reset();
      }
    },
  },
  {
    name: 'a stream taken over, over and over',
    async run(attack) {
      const headers = { 'Mcp-Session-Id': await attack.session() };
      for (let n = 0; n < 20; n += 1) await attack.stream({ path: '/mcp', headers });
      await attack.ask({ method: 'DELETE', path: '/mcp', headers });
    },
  },
  {
    name: 'calls of 2026-07-28 begun and dropped',
    async run(attack) {
      const key = 'io.modelcontextprotocol/';
      const params = {
        name: 'hold',
        arguments: {},
        _meta: {
          [`${key}protocolVersion`]: '2026-07-28',
          [`${key}clientInfo`]: { name: 'a', version: '1' },
          [`${key}clientCapabilities`]: {},
        },
      };
      for (let n = 0; n < 20; n += 1) {
        const socket = await attack.connect();
        await socket.send({
          method: 'POST',
          path: '/mcp',
          headers: {
            ...JSON_HEADERS,
            'MCP-Protocol-Version': '2026-07-28',
            'Mcp-Method': 'tools/call',
            'Mcp-Name': 'hold',
          },
          body: JSON.stringify(request('tools/call', params)),
        });
        socket.reset();
      }
    },
  },
  {
    name: 'a batch of the largest answers there are',
    async run(attack) {
      const batch = Array.from({ length: 10 }, (_, id) => callTool('large_result', { bytes: 500_000 }, id));
      expectThat((await attack.post(batch)).status === 200, '200');
    },
  },
  {
    name: 'an answer larger than anybody asked for is refused by its tool',
    async run(attack) {
      const { text } = await attack.post(callTool('large_result', { bytes: 1e15 }));
      expectThat(text.includes('"isError":true'), 'an error for the model');
    },
  },
];
