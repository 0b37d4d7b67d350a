/**
 * A small balancer for `npm run cluster`: each request goes to the next instance, none is sticky. What an instance
 * refuses before it begins, because it is not there or says 503, is taken to the next; what may have begun never is.
 * Who refused is asked last for a moment: an instance that goes closes its port when nobody comes any more.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Kept until an instance has taken it, so that it can be offered to another. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Longer than an instance that goes waits for somebody to come. */
const LEFT_ALONE_MS = 2000;

export interface Balancer {
  readonly server: Server;
  /** How many requests each instance was given. */
  readonly counts: ReadonlyMap<number, number>;
}

/** `ports` is asked anew for every request: instances come and go. */
export function createBalancer(ports: () => readonly number[]): Balancer {
  const counts = new Map<number, number>();
  const refusedAt = new Map<number, number>();
  let turn = 0;

  // Those that refused just now are the last, since all may have: then it is they who say why.
  function inTurn(): number[] {
    turn += 1;
    const all = ports();
    const [first, last]: [number[], number[]] = [[], []];
    for (let n = 0; n < all.length; n += 1) {
      const port = all[(turn + n) % all.length] ?? 0;
      const isLeftAlone = performance.now() - (refusedAt.get(port) ?? -Infinity) < LEFT_ALONE_MS;
      (isLeftAlone ? last : first).push(port);
    }
    return [...first, ...last];
  }

  async function balance(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readBody(req);
    if (body === undefined) return refuse(res, 413, 'The body is too large');
    const all = inTurn();
    for (const port of all) {
      const answer = await offer(req, body, port, res);
      if (answer === 'cut') return refuse(res, 502, 'The instance that had begun with it is gone');
      if (answer === 'not there' || answer.statusCode === 503) refusedAt.set(port, performance.now());
      if (answer === 'not there') continue;
      if (answer.statusCode === 503 && port !== all.at(-1)) {
        answer.resume();
        continue;
      }
      counts.set(port, (counts.get(port) ?? 0) + 1);
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      res.flushHeaders();
      answer.pipe(res);
      answer.once('error', () => res.destroy());
      res.once('close', () => answer.destroy());
      return;
    }
    refuse(res, 503, 'No instance is there', { 'Retry-After': '1' });
  }

  const server = createServer((req, res) => {
    balance(req, res).catch(() => res.destroy());
  });
  server.requestTimeout = 0;
  return { server, counts };
}

async function readBody(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function offer(
  req: IncomingMessage,
  body: Buffer,
  port: number,
  res: ServerResponse,
): Promise<IncomingMessage | 'not there' | 'cut'> {
  return new Promise((resolve) => {
    const { method, url: path, headers } = req;
    const forwarded = { ...headers, 'x-forwarded-for': req.socket.remoteAddress ?? '', connection: 'close' };
    // A connection of its own: one that is kept may be closed in the moment it is used.
    const upstream = request({ host: '127.0.0.1', port, method, path, headers: forwarded, agent: false }, resolve);
    upstream.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' ? 'not there' : 'cut');
    });
    res.once('close', () => upstream.destroy());
    upstream.end(body);
  });
}

function refuse(res: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  if (res.headersSent || res.destroyed) return;
  const json = JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message } });
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json), ...headers });
  res.end(json);
}
