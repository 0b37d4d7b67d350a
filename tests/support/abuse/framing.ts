// HTTP itself, bent: what a proxy and we could read differently, what no request is, and what never ends.
import { type AbuseCase, raw } from './abuse-case.js';

const H = 'Host: HOST\r\n';
const J = 'Content-Type: application/json\r\n';
const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const POST = `POST /mcp HTTP/1.1\r\n${H}${J}`;
const SIZED = `Content-Length: ${BODY.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;

export const FRAMING: readonly AbuseCase[] = [
  raw('Content-Length and Transfer-Encoding', [400], `${POST}${SIZED}${CHUNKED}\r\n0\r\n\r\n`),
  raw('Transfer-Encoding and Content-Length', [400], `${POST}${CHUNKED}${SIZED}\r\n0\r\n\r\n`),
  raw('two different lengths', [400], `${POST}${SIZED}Content-Length: 1\r\n\r\n${BODY}`),
  raw('two equal lengths', [400], `${POST}${SIZED}${SIZED}\r\n${BODY}`),
  raw('a list of lengths', [400], `${POST}Content-Length: 40, 40\r\n\r\n${BODY}`),
  raw('a negative length', [400], `${POST}Content-Length: -1\r\n\r\n${BODY}`),
  raw('a length with a sign', [400], `${POST}Content-Length: +40\r\n\r\n${BODY}`),
  raw('a length in hex', [400], `${POST}Content-Length: 0x28\r\n\r\n${BODY}`),
  raw('a length beyond all numbers', [400], `${POST}Content-Length: ${'9'.repeat(40)}\r\n\r\n${BODY}`),
  raw('a length that is no number', [400], `${POST}Content-Length: ten\r\n\r\n${BODY}`),
  raw('an unknown encoding', [400], `${POST}Transfer-Encoding: gzip\r\n\r\n${CHUNK}0\r\n\r\n`),
  raw('chunked not last', [400], `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n${CHUNK}0\r\n\r\n`),
  raw('chunked twice', [400], `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n${CHUNK}0\r\n\r\n`),
  raw('chunked behind a control character', [400], `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n${CHUNK}0\r\n\r\n`),
  raw(
    'Transfer-Encoding with a space before the colon',
    [400],
    `${POST}Transfer-Encoding : chunked\r\n\r\n${CHUNK}0\r\n\r\n`,
  ),
  raw('a chunk size that is none', [400], `${POST}${CHUNKED}\r\nzz\r\n${BODY}\r\n0\r\n\r\n`),
  raw('a negative chunk size', [400], `${POST}${CHUNKED}\r\n-1\r\n${BODY}\r\n0\r\n\r\n`),
  raw('a chunk size beyond all numbers', [400], `${POST}${CHUNKED}\r\n${'f'.repeat(20)}\r\n${BODY}`),
  raw('a chunk longer than it says', [400], `${POST}${CHUNKED}\r\n1\r\n${BODY}\r\n0\r\n\r\n`),
  raw('chunk extensions without end', [413], `${POST}${CHUNKED}\r\n1;${'a'.repeat(20_000)}\r\n`),
  raw(
    'trailers that look like headers',
    [200, 400],
    `${POST}${CHUNKED}\r\n${CHUNK}0\r\nOrigin: https://evil.example\r\n\r\n`,
  ),
  raw('trailers without end', [200, 400, 431], `${POST}${CHUNKED}\r\n${CHUNK}0\r\n${'X: y\r\n'.repeat(5000)}\r\n`),
  raw('a folded header', [400], `GET / HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n`),
  raw('a NUL in a header', [400], `GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`),
  raw('a bare carriage return in a header', [400], `GET / HTTP/1.1\r\n${H}X: a\rOrigin: x\r\n\r\n`),
  raw('a header without a colon', [400], `GET / HTTP/1.1\r\n${H}nonsense\r\n\r\n`),
  raw('a header without a name', [400], `GET / HTTP/1.1\r\n${H}: x\r\n\r\n`),
  raw('lines that end with LF alone', [400], `GET / HTTP/1.1\n${H.trimEnd()}\n\n`),
  raw('an unknown verb', [400], `FOO /mcp HTTP/1.1\r\n${H}\r\n`),
  raw('a verb in lower case', [400], `get /mcp HTTP/1.1\r\n${H}\r\n`),
  raw('CONNECT', [405], `CONNECT evil.example:443 HTTP/1.1\r\n${H}\r\n`),
  raw('TRACE', [405], `TRACE /mcp HTTP/1.1\r\n${H}\r\n`),
  raw('HTTP/2 without asking', [400], 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  raw('HTTP/1.2', [400], `GET / HTTP/1.2\r\n${H}\r\n`),
  raw('HTTP/0.9', [400, 403], 'GET /\r\n\r\n'),
  raw('HTTP/1.0 without a Host', [403], 'GET /sse HTTP/1.0\r\n\r\n'),
  raw('HTTP/1.0 with one', [200], `GET /health HTTP/1.0\r\n${H}\r\n`),
  raw('HTTP/1.0, chunked', [200, 400], `POST /mcp HTTP/1.0\r\n${H}${J}${CHUNKED}\r\n${CHUNK}0\r\n\r\n`),
  raw('HTTP/1.1 without a Host', [400], 'GET / HTTP/1.1\r\n\r\n'),
  raw('two Hosts, ours first', [400], `GET / HTTP/1.1\r\n${H}Host: evil.example\r\n\r\n`),
  raw('two Hosts, ours last', [400], `GET / HTTP/1.1\r\nHost: evil.example\r\n${H}\r\n`),
  raw('a target of another host', [400], `GET http://evil.example/mcp HTTP/1.1\r\n${H}\r\n`),
  raw(
    'a target of another host that the Host repeats',
    [403],
    'GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  ),
  raw('a target with a name and password', [400], `GET http://HOST@evil.example/ HTTP/1.1\r\n${H}\r\n`),
  raw('a target that begins with two slashes', [404], `GET //evil.example/mcp HTTP/1.1\r\n${H}\r\n`),
  raw('a target with a fragment', [200, 400, 404], `GET /#/mcp HTTP/1.1\r\n${H}\r\n`),
  raw('a target with a NUL', [400, 404], `GET /mcp%00 HTTP/1.1\r\n${H}\r\n`),
  raw('a target that cannot be decoded', [400, 404], `GET /page/%zz HTTP/1.1\r\n${H}\r\n`),
  raw('a target that climbs', [404], `GET /page/..%2f..%2fpackage.json HTTP/1.1\r\n${H}\r\n`),
  raw('a target that climbs openly', [404], `GET /page/../../package.json HTTP/1.1\r\n${H}\r\n`),
  raw('a target without end', [431], `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${H}\r\n`),
  raw('OPTIONS for everything', [200, 404], `OPTIONS * HTTP/1.1\r\n${H}\r\n`),
  raw('TLS', [400], '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  raw('an expectation nobody has', [417], `${POST}Expect: tea\r\n${SIZED}\r\n${BODY}`),
  raw(
    'a promise of too much, waiting to be asked for it',
    [413],
    `${POST}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n`,
  ),
  raw(
    'an upgrade nobody offers',
    [200],
    `GET /health HTTP/1.1\r\n${H}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  ),
  raw(
    'an upgrade to h2c',
    [200],
    `GET /health HTTP/1.1\r\n${H}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  ),
  raw('three thousand headers', [431], `GET / HTTP/1.1\r\n${H}${'a: b\r\n'.repeat(2000)}\r\n`),
  raw(
    'an Origin behind three hundred headers',
    [403, 431],
    `GET / HTTP/1.1\r\n${H}${'a: b\r\n'.repeat(300)}Origin: https://evil.example\r\n\r\n`,
  ),
  raw('a header without end', [431], `GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(40_000)}\r\n\r\n`),
  raw(
    'a hundred requests at once on one connection',
    Array<number>(100).fill(200),
    `GET /health HTTP/1.1\r\n${H}\r\n`.repeat(100),
    100,
  ),
  raw(
    'a request with another hidden in its body',
    [400, 200],
    `${POST}Content-Length: 44\r\n\r\nGET /sse HTTP/1.1\r\nHost: HOST\r\n\r\nGET /health HTTP/1.1\r\n${H}\r\n`,
    1,
  ),
  raw('nonsense behind a good request', [200, 400], `GET /health HTTP/1.1\r\n${H}\r\n\x00\x01\x02nonsense\r\n\r\n`, 2),
  {
    name: 'a body that is asked for only when somebody reads it',
    status: [200],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`${POST.replace('HOST', attack.host)}Expect: 100-continue\r\n${SIZED}\r\n`);
      const { status } = await socket.head();
      if (status !== 100) throw new Error(`Expected 100, got ${status}`);
      await socket.write(BODY);
      await attack.answer(socket);
    },
  },
  {
    name: 'a connection that says nothing and leaves',
    status: 'hang-up',
    async run(attack) {
      (await attack.connect()).reset();
    },
  },
];
