// Ids: what is none, what is one though it looks odd, and whose they are.
import { type AbuseCase, expectThat, post } from './abuse-case.js';
import { callTool, INITIALIZE, request } from './attack.js';

const withId = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`;

function echoed(id: unknown): AbuseCase {
  return {
    name: `the id ${JSON.stringify(id).slice(0, 40)} comes back as it is`,
    status: [200],
    async run(attack) {
      const { text } = await attack.post(request('ping', undefined, id));
      expectThat(JSON.stringify((JSON.parse(text) as { id: unknown }).id) === JSON.stringify(id), 'the same id');
    },
  };
}

export const IDS: readonly AbuseCase[] = [
  ...['null', 'true', '{}', '[]', '[1]', '1.5', '1e400', '-1e400', '9007199254740993', '1e21', '{"toString":1}'].map(
    (id) => post(`the id ${id}`, [400], withId(id)),
  ),
  ...[0, -1, '', '0', '__proto__', 'constructor', '\u0000', '\r\nX: y', 'é🦊', 'x'.repeat(300_000)].map(echoed),
  post('an id twice in one message', [200], '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'),
  post('a response to nothing', [202], { jsonrpc: '2.0', id: 'nobody-asked', result: {} }),
  post('an error to nothing', [202], { jsonrpc: '2.0', id: '__proto__', error: { code: -1, message: '' } }),
  post('a response without an id', [400], { jsonrpc: '2.0', result: {} }),
  post('a cancellation of nothing', [202], cancel(12345)),
  post('a cancellation of everything', [202], cancel('__proto__')),
  post('a cancellation of an object', [202], cancel({})),
  post('progress of nothing', [202], {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: '__proto__', progress: -1e308 },
  }),
  {
    name: 'the same id in flight twice on the legacy door',
    status: [202, 400, 202],
    async run(attack) {
      const { socket, id } = await attack.legacy();
      const path = `/messages/?session_id=${id}`;
      await attack.post(callTool('hold', {}, 'same'), {}, path);
      await attack.post(callTool('hold', {}, 'same'), {}, path);
      await attack.post(cancel('same'), {}, path);
      socket.close();
    },
  },
  {
    name: 'the same id in flight twice on /mcp: each answer is its own',
    status: [200, 200, 200, 204],
    async run(attack) {
      const session = await attack.session();
      const headers = { 'Mcp-Session-Id': session };
      const ask = (a: number) => attack.post(callTool('add', { a, b: 0 }, 'same'), headers);
      const [one, two] = await Promise.all([ask(1), ask(2)]);
      expectThat(one.text.includes('"sum":1') && two.text.includes('"sum":2'), 'each answer where it was asked for');
      await attack.ask({ method: 'DELETE', path: '/mcp', headers });
    },
  },
  {
    name: 'a second initialize with the session of the first',
    status: [200, 400, 204],
    async run(attack) {
      const headers = { 'Mcp-Session-Id': await attack.session() };
      await attack.post(INITIALIZE, headers);
      await attack.ask({ method: 'DELETE', path: '/mcp', headers });
    },
  },
];

function cancel(requestId: unknown): object {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } };
}
