// One HTTP request and its response, as bytes, whatever carries them. Below the clients that are our own.
import type { ReadableStream } from 'node:stream/web';
import { type RawHead, RawSocket } from '../raw-socket.js';

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
    bytes: response.body ? readUntil(abort.signal, response.body) : noBytes(),
    text: () => response.text(),
    close: () => abort.abort(),
  };
}

/** On a connection of its own, byte by byte. */
export async function rawExchange({ method, url, headers, body }: ExchangeRequest): Promise<ExchangeResponse> {
  const socket = await RawSocket.open(url.href);
  const head = await ask(socket, { method, url, headers, ...(body !== undefined && { body }) });
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

// Aborting a body whose last byte has come already may leave its reader waiting for ever (Node 20), so the signal is heard here too.
async function* readUntil(signal: AbortSignal, body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = body.getReader();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('We hung up')), { once: true });
  });
  aborted.catch(() => {}); // Heard by whoever reads.
  for (;;) {
    const { done, value } = await Promise.race([reader.read(), aborted]);
    if (done) return;
    yield value;
  }
}

async function ask(socket: RawSocket, { method, url, headers, body }: ExchangeRequest): Promise<RawHead> {
  try {
    await socket.send({
      method,
      path: url.pathname + url.search,
      headers: { Connection: 'close', ...headers },
      ...(body !== undefined && { body }),
    });
    return await socket.head(method);
  } catch (error) {
    socket.close();
    throw error;
  }
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
