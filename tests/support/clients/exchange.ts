// One HTTP request and its response, as bytes, whatever carries them. Below the clients that are our own.
import { RawSocket } from '../raw-socket.js';

export interface ExchangeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ExchangeResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  header(name: string): string | undefined;
  /** The body as it comes. To be read once, here or with `text`. */
  readonly bytes: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  /** Hangs up. What is being read then breaks. */
  readonly close: () => void;
}

export type Exchange = (request: ExchangeRequest) => Promise<ExchangeResponse>;

/** With Node's own fetch, which never follows a redirect here. */
export async function fetchExchange({ method, url, headers, body }: ExchangeRequest): Promise<ExchangeResponse> {
  const abort = new AbortController();
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    signal: abort.signal,
    ...(body !== undefined && { body }),
  });
  return {
    status: response.status,
    headers: [...response.headers],
    header: (name) => response.headers.get(name) ?? undefined,
    bytes: response.body ?? noBytes(),
    text: () => response.text(),
    close: () => abort.abort(),
  };
}

/** On a connection of its own, byte by byte. */
export async function rawExchange({ method, url, headers, body }: ExchangeRequest): Promise<ExchangeResponse> {
  const socket = await RawSocket.open(url.href);
  await socket.send({
    method,
    path: url.pathname + url.search,
    headers: { Connection: 'close', ...headers },
    ...(body !== undefined && { body }),
  });
  const head = await socket.head(method);
  const bytes = readAndHangUp(head.body, socket);
  return {
    status: head.status,
    headers: head.headers,
    header: (name) => head.header(name),
    bytes,
    text: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    },
    close: () => socket.close(),
  };
}

async function* readAndHangUp(body: AsyncIterable<Uint8Array>, socket: RawSocket): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } finally {
    socket.close();
  }
}

async function* noBytes(): AsyncIterable<Uint8Array> {
  yield* [];
}
