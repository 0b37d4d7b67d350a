/** Who calls in the cluster's benchmark: bare HTTP, so that the callers cost as little as they can. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Closes what callers keep open. */
export function hangUp(): void {
  agent.destroy();
}

/** A legacy session: its stream at one port, its messages to any. */
export class LegacyStream {
  #path = '';
  readonly #response: IncomingMessage;
  #text = '';
  #onMessage: (id: number) => void = () => undefined;

  private constructor(response: IncomingMessage) {
    this.#response = response;
  }

  static async open(port: number): Promise<LegacyStream> {
    const req = request({ port, path: '/sse', headers: { Accept: 'text/event-stream' }, agent: false }).end();
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    const stream = new LegacyStream(response);
    await stream.#begin();
    return stream;
  }

  async call(port: number, id: number): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#onMessage = (answer) => {
        if (answer === id) resolve();
      };
    });
    await post(port, this.#path, call(id), {});
    await answered;
  }

  close(): void {
    this.#response.destroy();
  }

  async #begin(): Promise<void> {
    this.#response.setEncoding('utf8');
    this.#response.once('error', () => undefined);
    await new Promise<void>((resolve) => {
      this.#response.on('data', (chunk: string) => {
        this.#text += chunk;
        for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
          const event = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 2);
          const data = /^data: (.*)$/m.exec(event)?.[1] ?? '';
          if (data.startsWith('/')) {
            this.#path = data;
            resolve();
          } else if (data !== '') this.#onMessage(Number(/"id":(\d+)/.exec(data)?.[1]));
        }
      });
    });
  }
}

export async function initialize(port: number): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const message = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const { headers } = await post(port, '/mcp', message, {});
  return String(headers['mcp-session-id']);
}

export function call(id: number, more: object = {}): string {
  const params = { name: 'echo', arguments: { message: 'hello' }, ...more };
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
}

export async function post(
  port: number,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const fixed = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const length = { 'Content-Length': String(Buffer.byteLength(body)) };
  const req = request({ port, path, method: 'POST', agent, headers: { ...fixed, ...length, ...headers } });
  req.end(body);
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if ((response.statusCode ?? 500) >= 300) throw new Error(`${path} was answered ${String(response.statusCode)}`);
  return response;
}
