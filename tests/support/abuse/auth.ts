// Tokens that are none, and doors that might be left open beside the guarded ones.
import { type AbuseCase, expectThat } from './abuse-case.js';
import { INITIALIZE, JSON_HEADERS, request } from './attack.js';
import { SECRETS } from './secrets.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';

function unauthorized(
  name: string,
  headers: Readonly<Record<string, string>>,
  path = '/mcp',
  method = 'POST',
): AbuseCase {
  return {
    name,
    victim: 'guarded',
    status: [401],
    async run(attack) {
      const answer = await attack.ask({
        method,
        path,
        headers: { ...JSON_HEADERS, ...headers },
        ...(method === 'POST' && { body: JSON.stringify(INITIALIZE) }),
      });
      expectThat(answer.header('www-authenticate')?.startsWith('Bearer ') === true, 'a challenge');
      expectThat(answer.header('mcp-session-id') === undefined, 'no session');
    },
  };
}

const token = (value: string) => ({ Authorization: value });
const BEARER = `Bearer ${SECRETS.ann}`;

export const AUTH: readonly AbuseCase[] = [
  unauthorized('nothing', {}),
  unauthorized('nothing, opening the legacy stream', {}, '/sse', 'GET'),
  unauthorized('nothing, posting to a legacy session', {}, `/messages/?session_id=${NOBODY}`),
  unauthorized('nothing, at the old URL', {}, '/sse'),
  unauthorized('nothing, HEAD', {}, '/mcp', 'HEAD'),
  unauthorized('nothing, DELETE', {}, '/mcp', 'DELETE'),
  unauthorized('nothing, a verb nobody knows', {}, '/mcp', 'PUT'),
  unauthorized('nothing, in capitals', {}, '/MCP'),
  unauthorized('nothing, a slash behind', {}, '/mcp/'),
  unauthorized('nothing, percent signs', {}, '/mcp/%2e%2e/health'),
  unauthorized('half a token', token(BEARER.slice(0, -1))),
  unauthorized('a token and a half', token(`${BEARER}x`)),
  unauthorized('a token in other letters', token(BEARER.toUpperCase())),
  unauthorized('two tokens', token(`${BEARER},${BEARER}`)),
  unauthorized('a token without a scheme', token(SECRETS.ann)),
  unauthorized('a token as Basic', token(`Basic ${Buffer.from(`ann:${SECRETS.ann}`).toString('base64')}`)),
  unauthorized('a token as a cookie', { Cookie: `token=${SECRETS.ann}; Authorization=${BEARER}` }),
  unauthorized('a token in the query', {}, `/mcp?access_token=${SECRETS.ann}`),
  unauthorized('a token in another header', {
    'X-Authorization': BEARER,
    'Proxy-Authorization': BEARER,
    'X-Api-Key': SECRETS.ann,
  }),
  unauthorized('a token without end', token(`Bearer ${'a'.repeat(12_000)}`)),
  unauthorized('a token of a prototype', token('Bearer __proto__')),
  unauthorized('a JWT nobody asked for', token('Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.')),
  unauthorized('who it says it is', { 'X-Forwarded-User': 'ann', 'X-Remote-User': 'ann', 'X-Principal': 'token:ann' }),
  unauthorized('an override of the verb', { 'X-HTTP-Method-Override': 'OPTIONS' }),
  {
    name: 'a thousand guesses tell nothing and leave nothing',
    victim: 'guarded',
    async run(attack) {
      for (let n = 0; n < 200; n += 1) {
        const answer = await attack.post(request('ping'), token(`Bearer guess-number-${n}-0123456789`));
        expectThat(answer.status === 401, '401');
      }
    },
  },
  {
    name: 'a scope it lacks, over every door',
    victim: 'guarded',
    status: [403, 403],
    async run(attack) {
      const headers = token(`Bearer ${SECRETS.bob}`);
      await attack.post(request('tools/call', { name: 'scoped', arguments: {} }), headers);
      const { socket, id } = await attack.legacy(headers);
      await attack.post(
        request('tools/call', { name: 'scoped', arguments: {} }),
        headers,
        `/messages/?session_id=${id}`,
      );
      socket.close();
    },
  },
];
