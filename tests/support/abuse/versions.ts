// Revisions: nobody's, two at once, and what they do not allow.
import { type AbuseCase, post } from './abuse-case.js';
import { INITIALIZE, request } from './attack.js';

const KEY = 'io.modelcontextprotocol/';
const meta = (version: unknown, more = {}) => ({
  _meta: {
    [`${KEY}protocolVersion`]: version,
    [`${KEY}clientInfo`]: { name: 'a', version: '1' },
    [`${KEY}clientCapabilities`]: {},
    ...more,
  },
});
const MODERN = { 'MCP-Protocol-Version': '2026-07-28' };
const opening = (protocolVersion: unknown) => ({
  ...INITIALIZE,
  params: { ...INITIALIZE.params, protocolVersion },
});
const leave: AbuseCase['run'] = async (attack) => {
  const session = attack.answers.at(-1)?.header('mcp-session-id');
  if (session !== undefined)
    await attack.ask({ method: 'DELETE', path: '/mcp', headers: { 'Mcp-Session-Id': session } });
};

function negotiated(version: unknown): AbuseCase {
  return {
    name: `an initialize for ${JSON.stringify(version).slice(0, 30)}`,
    status: [200, 204, 400],
    async run(attack) {
      await attack.post(opening(version));
      await leave(attack);
    },
  };
}

export const VERSIONS: readonly AbuseCase[] = [
  ...['', '1', '2099-01-01', '2025-11-25, 2025-06-18', 'latest', '__proto__', 'x'.repeat(8000)].map((version) =>
    post(`the header ${version.slice(0, 30)}`, [400], request('ping'), { 'MCP-Protocol-Version': version }),
  ),
  ...['', '2099-01-01', '__proto__', 7, null, {}, [], 'x'.repeat(100_000)].map(negotiated),
  post('2026-07-28 in the header alone', [400], request('tools/list'), MODERN),
  post('2026-07-28 in _meta alone', [400], request('tools/list', meta('2026-07-28'))),
  post('two revisions', [400], request('tools/list', meta('2026-07-28')), {
    'MCP-Protocol-Version': '2025-11-25',
    'Mcp-Method': 'tools/list',
  }),
  post('a revision that is an object', [400], request('tools/list', meta({})), {
    ...MODERN,
    'Mcp-Method': 'tools/list',
  }),
  post('a client that is nobody', [200, 400], request('tools/list', meta('2026-07-28', { [`${KEY}clientInfo`]: 7 })), {
    ...MODERN,
    'Mcp-Method': 'tools/list',
  }),
  post('another method in the header', [400], request('tools/list', meta('2026-07-28')), {
    ...MODERN,
    'Mcp-Method': 'tools/call',
  }),
  post(
    'another tool in the header',
    [400],
    request('tools/call', { name: 'echo', arguments: { message: '' }, ...meta('2026-07-28') }),
    { ...MODERN, 'Mcp-Method': 'tools/call', 'Mcp-Name': 'boom' },
  ),
  post(
    'a name in bad base64',
    [400],
    request('tools/call', { name: 'echo', arguments: { message: '' }, ...meta('2026-07-28') }),
    { ...MODERN, 'Mcp-Method': 'tools/call', 'Mcp-Name': '=?base64?%%%?=' },
  ),
  post(
    'an initialize of 2026-07-28',
    [400, 404],
    { ...INITIALIZE, params: { ...INITIALIZE.params, ...meta('2026-07-28') } },
    { ...MODERN, 'Mcp-Method': 'initialize' },
  ),
  post('a batch of 2026-07-28', [400], [request('tools/list', meta('2026-07-28'))], MODERN),
  post('an empty batch', [400], []),
  post('a batch in a batch', [400], [[request('ping')]]),
  post('a batch with an initialize', [400], [INITIALIZE]),
  post('a batch of nulls', [400], [null, null]),
  post(
    'a batch of fifty-one',
    [400],
    Array.from({ length: 51 }, (_, id) => request('ping', undefined, id)),
  ),
  post('a batch of a hundred thousand', [400], `[${Array<string>(100_000).fill('1').join(',')}]`),
  post('a batch where there is none', [400], [request('ping')], { 'MCP-Protocol-Version': '2025-06-18' }),
  post(
    'a requestState nobody sealed',
    [400, 200],
    request('tools/call', {
      name: 'ask',
      requestState: 'AAAA',
      inputResponses: {},
      ...meta('2026-07-28', { [`${KEY}clientCapabilities`]: { elicitation: {} } }),
    }),
    { ...MODERN, 'Mcp-Method': 'tools/call', 'Mcp-Name': 'ask' },
  ),
];
