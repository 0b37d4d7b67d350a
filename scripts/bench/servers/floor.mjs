// @ts-check
// What everything is measured against: a bare `node:http` server that parses the JSON and answers what it always
// answers. No checks, no sessions, nothing an MCP server could leave out and still be one.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const small = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}}';
const big = small.replace('hello', 'x'.repeat(1_000_000));
const initialized =
  '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"floor","version":"1.0.0"}}}';
const frame = `event: message\ndata: ${small}\n\n`;

/** @typedef {{ method?: string, id?: number, params: { arguments: { message: string } } }} Message */

/** @type {Map<string, import('node:http').ServerResponse>} */
const streams = new Map();

const server = createServer((req, res) => {
  if (req.method === 'GET') return openStream(req, res);
  if (req.method === 'DELETE') return void res.writeHead(204).end();
  /** @type {Buffer[]} */
  const chunks = [];
  req.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
  req.on('end', () => {
    /** @type {unknown} */
    const parsed = JSON.parse(Buffer.concat(chunks).toString());
    const message = /** @type {Message} */ (parsed);
    if (req.url !== '/mcp') return answerOnStream(req, res);
    if (message.method === 'initialize') return sendJson(res, initialized, { 'Mcp-Session-Id': randomUUID() });
    if (message.id === undefined) return void res.writeHead(202, { 'Content-Length': 0 }).end();
    if (message.params.arguments.message.length > 1000) return sendJson(res, big);
    if (req.headers.accept !== 'text/event-stream') return sendJson(res, small);
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': frame.length });
    res.end(frame);
  });
});

/** @param {import('node:http').IncomingMessage} _req @param {import('node:http').ServerResponse} res */
function openStream(_req, res) {
  const id = randomUUID();
  streams.set(id, res);
  res.once('close', () => streams.delete(id));
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write(`event: endpoint\ndata: /messages/?session_id=${id}\n\n`);
}

/** @param {import('node:http').IncomingMessage} req @param {import('node:http').ServerResponse} res */
function answerOnStream(req, res) {
  res.writeHead(202, { 'Content-Length': 8 });
  res.end('Accepted');
  streams.get(String(req.url?.split('=', 2)[1]))?.write(frame);
}

/** @param {import('node:http').ServerResponse} res @param {string} json @param {Record<string, string>} [headers] */
function sendJson(res, json, headers) {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json), ...headers });
  res.end(json);
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});
