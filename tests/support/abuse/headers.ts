// Headers: names and pages that have no business here, sessions nobody has, and lies about where a request comes from.
import { type AbuseCase, expectThat, post, raw } from './abuse-case.js';
import { INITIALIZE, JSON_HEADERS, request } from './attack.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const PING = request('ping');

const origin = (value: string): AbuseCase => post(`the Origin ${value}`, [403], INITIALIZE, { Origin: value });
const host = (value: string): AbuseCase => ({
  name: `the Host ${value}`,
  status: [400, 403],
  run: (attack) =>
    attack.ask({
      method: 'POST',
      path: '/mcp',
      headers: { ...JSON_HEADERS, Host: value },
      body: JSON.stringify(INITIALIZE),
    }),
});
const session = (value: string, status = [404]): AbuseCase =>
  post(`the session ${value.slice(0, 40)}`, status, PING, { 'Mcp-Session-Id': value });
const lastEvent = (value: string): AbuseCase => ({
  name: `the Last-Event-ID ${value.slice(0, 40)}`,
  status: [400, 404, 405],
  run: (attack) =>
    attack.ask({
      path: '/mcp',
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': value, 'Mcp-Session-Id': NOBODY },
    }),
});
const message = (query: string, status: readonly number[]): AbuseCase => ({
  name: `/messages/${query.slice(0, 70)}`,
  status,
  run: (attack) => attack.post(PING, {}, `/messages/${query}`),
});

export const HEADERS: readonly AbuseCase[] = [
  ...[
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://evil.example#localhost',
    'http://localhost, http://localhost',
    'localhost',
    'file://',
    'http://[::1',
    'http://0x7f000001.evil',
    '*',
    '',
  ].map(origin),
  ...[
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'evil.example:80',
    '0.0.0.0',
    '[::1',
    '127.0.0.1:99999999',
    'localhost evil.example',
    '127.1',
    '2130706433',
    '',
  ].map(host),
  ...[
    'x',
    NOBODY,
    `${NOBODY}0`,
    '../../etc/passwd',
    '__proto__',
    'constructor',
    'é',
    '*',
    `${NOBODY}, ${NOBODY}`,
    'x'.repeat(8000),
  ].map((value) => session(value)),
  ...[
    'x',
    '0',
    `${NOBODY}.m.0`,
    `${NOBODY}.m.-1`,
    `${NOBODY}.m.99999999999999999999`,
    `${NOBODY}.__proto__.0`,
    `${'a'.repeat(5000)}.m.0`,
    '*',
  ].map(lastEvent),
  message('', [400]),
  message('?session_id=', [400]),
  message('?session_id=x', [400]),
  message(`?session_id=${NOBODY}`, [404]),
  message(`?session_id=${NOBODY}&session_id=${NOBODY}`, [400]),
  message(`?session_id=${NOBODY}&sessionId=${NOBODY}`, [400]),
  message(`?session_id[]=${NOBODY}`, [400]),
  message('?session_id=__proto__', [400]),
  message('?session_id=%00', [400]),
  message(`?session_id=${'a'.repeat(5000)}`, [400]),
  post('an Accept of neither', [406], PING, { Accept: 'text/html' }),
  post('an Accept that wants nothing', [406], PING, { Accept: '*/*;q=0' }),
  post('an Accept without end', [200, 406], PING, { Accept: 'a/b,'.repeat(3000) }),
  post('a request id that is no name', [200], PING, { 'X-Request-Id': '<script>alert(1)</script>' }),
  {
    name: 'a request id without end is not repeated',
    status: [200],
    async run(attack) {
      const { headers } = await attack.post(PING, { 'X-Request-Id': 'a'.repeat(5000) });
      expectThat(!headers.some(([, value]) => value.length > 200), 'short headers');
    },
  },
  {
    name: 'forged forwarding headers change nothing that is said',
    status: [200, 200],
    async run(attack) {
      for (const path of ['/', '/health']) {
        const { text, headers } = await attack.ask({
          path,
          headers: {
            'X-Forwarded-Host': 'evil.example',
            'X-Forwarded-Proto': 'https',
            'X-Forwarded-Prefix': '/evil',
            'X-Forwarded-For': '127.0.0.1',
            Forwarded: 'for=evil.example;host=evil.example',
            'X-Original-URL': '/debug/sessions',
            'X-Rewrite-URL': '/debug/sessions',
            'X-HTTP-Method-Override': 'DELETE',
          },
        });
        expectThat(!`${text}${JSON.stringify(headers)}`.includes('evil'), 'nothing of evil');
      }
    },
  },
  raw(
    'an Origin twice',
    [403],
    'GET /sse HTTP/1.1\r\nHost: HOST\r\nOrigin: http://localhost\r\nOrigin: http://localhost\r\n\r\n',
  ),
  raw(
    'two sessions',
    [404],
    `DELETE /mcp HTTP/1.1\r\nHost: HOST\r\n\r\nGET /mcp HTTP/1.1\r\nHost: HOST\r\nAccept: text/event-stream\r\nMcp-Session-Id: a\r\nMcp-Session-Id: b\r\n\r\n`.replace(
      'DELETE /mcp HTTP/1.1\r\nHost: HOST\r\n\r\n',
      '',
    ),
  ),
  raw(
    'a preflight of another page',
    [403],
    'OPTIONS /mcp HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n',
  ),
  {
    name: 'a preflight is not told what it wants to hear',
    status: [200],
    async run(attack) {
      const { headers } = await attack.ask({
        method: 'OPTIONS',
        path: '/mcp',
        headers: {
          Origin: 'http://localhost:3000',
          'Access-Control-Request-Method': 'PUT',
          'Access-Control-Request-Headers': 'mcp-param-a, x-evil, cookie, mcp-\u00e9, *',
        },
      });
      const allowed = headers.find(([name]) => name.toLowerCase() === 'access-control-allow-headers')?.[1] ?? '';
      expectThat(!/evil|cookie|\*/.test(allowed), 'only what we know');
      expectThat(!headers.some(([name]) => /allow-credentials/i.test(name)), 'no credentials');
    },
  },
  raw(
    'the operator’s pages, through a proxy',
    [401, 403],
    'GET /debug/sessions HTTP/1.1\r\nHost: HOST\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n',
  ),
  raw('the operator’s pages, by another name', [403], 'GET /debug/sessions HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
];
