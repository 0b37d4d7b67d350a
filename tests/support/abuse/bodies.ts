// Bodies: of the wrong type, size, encoding, or not there.
import { gzipSync } from 'node:zlib';
import { type AbuseCase, expectThat, post, raw } from './abuse-case.js';
import { request } from './attack.js';

const PING = JSON.stringify(request('ping'));
const POST = 'POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n';
const LIMIT = 1_048_576;
const utf16 = Buffer.from(PING, 'utf16le');

function typed(type: string): AbuseCase {
  return post(`as ${type}`, [415], PING, { 'Content-Type': type });
}

function bytes(name: string, status: readonly number[], ...parts: (string | number[])[]): AbuseCase {
  return post(name, status, Buffer.concat(parts.map((part) => Buffer.from(part as string))));
}

export const BODIES: readonly AbuseCase[] = [
  typed('text/plain'),
  typed('application/x-www-form-urlencoded'),
  typed('multipart/form-data; boundary=x'),
  typed('application/jsonx'),
  typed('application/json-rpc'),
  typed('text/json'),
  typed('application/json; charset=utf-16'),
  typed('application/json; charset=iso-8859-1'),
  typed('application/json, text/plain'),
  typed(`application/json${' '.repeat(5000)}x`),
  typed(''),
  post('compressed', [415], gzipSync(PING), { 'Content-Encoding': 'gzip' }),
  post('compressed a thousandfold', [415], gzipSync(Buffer.alloc(5_000_000)), { 'Content-Encoding': 'gzip' }),
  post('compressed in a way nobody knows', [415], PING, { 'Content-Encoding': 'br, gzip' }),
  post('compressed, it does not say', [400], gzipSync(PING)),
  post('in UTF-16', [400], utf16),
  bytes('with a byte order mark', [400], [0xef, 0xbb, 0xbf], PING),
  bytes('with a lone continuation byte', [400], '{"jsonrpc":"2.0","id":"', [0x80], '","method":"ping"}'),
  bytes('with an overlong slash', [400], '{"jsonrpc":"2.0","id":"', [0xc0, 0xaf], '","method":"ping"}'),
  bytes('with half a character', [400], '{"jsonrpc":"2.0","id":"', [0xf0, 0x9f, 0xa6]),
  bytes('with a surrogate in UTF-8', [400], '{"jsonrpc":"2.0","id":"', [0xed, 0xa0, 0x80], '","method":"ping"}'),
  post('empty', [400], ''),
  post('of spaces', [400], ' '.repeat(1000)),
  post('of NULs', [400], '\0'.repeat(1000)),
  post('that ends too early', [400], PING.slice(0, -1)),
  post('with more behind it', [400], `${PING}${PING}`),
  post('of two lines, each a message', [400], `${PING}\n${PING}`),
  post('that is an event stream', [400], `data: ${PING}\n\n`),
  post('one byte over the limit', [413], ' '.repeat(LIMIT + 1 - PING.length) + PING),
  post('exactly at the limit', [200], ' '.repeat(LIMIT - PING.length) + PING),
  raw('declared too large, nothing sent', [413], `${POST}Content-Length: ${LIMIT + 1}\r\n\r\n`),
  raw('declared as large as numbers get', [413], `${POST}Content-Length: 9007199254740991\r\n\r\n`),
  {
    name: 'chunked, without end',
    status: [413],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`${POST.replace('HOST', attack.host)}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      for (let n = 0; n < 20; n += 1) await socket.write(chunk).catch(() => undefined);
      await attack.answer(socket);
      await socket.waitForEnd();
    },
  },
  {
    name: 'too large, sent on whatever is answered',
    status: [413],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`${POST.replace('HOST', attack.host)}Content-Length: 50000000\r\n\r\n`);
      await attack.answer(socket);
      const piece = 'x'.repeat(65_536);
      const writing = (async () => {
        for (let n = 0; n < 700; n += 1) await socket.write(piece);
      })();
      const outcome = await writing.then(
        () => 'taken',
        () => 'cut',
      );
      expectThat(outcome === 'cut', 'the connection to be cut');
    },
  },
  {
    name: 'chunked, one byte at a time',
    status: [200],
    async run(attack) {
      const chunks = Array.from(PING, (char) => `1\r\n${char}\r\n`).join('');
      await attack.send(`${POST.replace('HOST', attack.host)}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    },
  },
  {
    name: 'broken off in the middle, many times',
    status: 'hang-up',
    async run(attack) {
      for (let n = 0; n < 50; n += 1) {
        const socket = await attack.connect();
        await socket.write(`${POST.replace('HOST', attack.host)}Content-Length: 100\r\n\r\n{"jsonrpc"`);
        socket.reset();
      }
    },
  },
  {
    name: 'with a GET that opens a stream, and left half said',
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`GET /sse HTTP/1.1\r\nHost: ${attack.host}\r\nContent-Length: 10\r\n\r\nabc`);
      await socket.head();
      socket.reset();
    },
  },
  {
    name: 'to a path nobody knows, large, and not read',
    status: [404],
    async run(attack) {
      const socket = await attack.connect();
      await socket.write(`POST /nowhere HTTP/1.1\r\nHost: ${attack.host}\r\nContent-Length: 900000\r\n\r\n{`);
      await attack.answer(socket);
      await socket.waitForEnd();
    },
  },
];
