// The official SDK v2 with its Node and Express adapters, as its documentation sets it up.
import { randomUUID } from 'node:crypto';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const app = createMcpExpressApp({ jsonLimit: '4mb' });

function createServer() {
  const server = new McpServer({ name: 'sdk-2', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Echo', inputSchema: z.object({ message: z.string() }) },
    ({ message }) => ({ content: [{ type: 'text', text: message }] }),
  );
  return server;
}

if (MODE.startsWith('stateless')) {
  const responseMode = MODE === 'stateless-json' ? 'auto' : 'sse';
  const handler = toNodeHandler(createMcpHandler(createServer, { responseMode }));
  app.all('/mcp', (req, res) => void handler(req, res, req.body));
} else if (MODE === 'legacy') {
  const transports = new Map();
  app.get('/sse', async (_req, res) => {
    const transport = new SSEServerTransport('/messages', res);
    transports.set(transport.sessionId, transport);
    res.on('close', () => transports.delete(transport.sessionId));
    await createServer().connect(transport);
  });
  app.post('/messages', async (req, res) => {
    await transports.get(req.query.sessionId)?.handlePostMessage(req, res, req.body);
  });
} else {
  const transports = new Map();
  app.all('/mcp', async (req, res) => {
    const known = transports.get(req.headers['mcp-session-id']);
    if (known !== undefined) return known.handleRequest(req, res, req.body);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    transport.onclose = () => transports.delete(transport.sessionId);
    await createServer().connect(transport);
    await transport.handleRequest(req, res, req.body);
  });
}

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
