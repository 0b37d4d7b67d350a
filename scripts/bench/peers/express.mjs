// The tuned bare Express: no MCP at all, its own body reader, one `writeHead` and one `end`, no ETag, no query parser.
import { randomUUID } from 'node:crypto';
import express from 'express';

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.set('query parser', false);

const streams = new Map();
const small = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}}';
const big = small.replace('hello', 'x'.repeat(1_000_000));
const initialized =
  '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"express","version":"1.0.0"}}}';
const frame = `event: message\ndata: ${small}\n\n`;

app.post('/mcp', (req, res) =>
  readJson(req, (message) => {
    if (message.method === 'initialize') return sendJson(res, initialized, { 'Mcp-Session-Id': randomUUID() });
    if (message.id === undefined) return void res.writeHead(202, { 'Content-Length': 0 }).end();
    if (message.params.arguments.message.length > 1000) return sendJson(res, big);
    if (req.headers.accept !== 'text/event-stream') return sendJson(res, small);
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': frame.length });
    res.end(frame);
  }),
);
app.delete('/mcp', (_req, res) => void res.writeHead(204).end());
app.get('/sse', (_req, res) => {
  const id = randomUUID();
  streams.set(id, res);
  res.once('close', () => streams.delete(id));
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write(`event: endpoint\ndata: /messages?session_id=${id}\n\n`);
});
app.post('/messages', (req, res) =>
  readJson(req, () => {
    res.writeHead(202, { 'Content-Length': 8 });
    res.end('Accepted');
    streams.get(req.url.split('=', 2)[1])?.write(frame);
  }),
);

function readJson(req, onMessage) {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => onMessage(JSON.parse(Buffer.concat(chunks).toString())));
}

function sendJson(res, json, headers) {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json), ...headers });
  res.end(json);
}

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
