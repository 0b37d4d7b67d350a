// @ts-check
// A small MCP client for this page, over either door. It is a client like any other: what it does shows in the timeline.
import { readEvents } from './event-stream.js';
import { isObject } from './dom.js';

/**
 * @typedef {{ jsonrpc: '2.0', id?: number | string, method?: string, params?: any, result?: any, error?: { code: number, message: string } }} Message
 * @typedef {'mcp' | 'legacy'} Door
 * @typedef {{ onNotification?: (message: Message) => void, signal?: AbortSignal }} RequestOptions
 * @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, onNotification: ((message: Message) => void) | undefined }} Pending
 */

const REVISION = '2025-11-25';

/** What the server refused, in its own words. */
export class Refusal extends Error {
  /**
   * @param {string} message
   * @param {number} [status] of HTTP, where that refused
   */
  constructor(message, status) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}

export class McpClient {
  /** @type {Map<number | string, Pending>} */
  #pending = new Map();
  /** @type {string | undefined} */
  #session;
  /** @type {URL | undefined} */
  #endpoint;
  #abort = new AbortController();
  #id = 0;

  /**
   * @param {{ door: Door, base: string, token: string, onLost: (why: string) => void, onNotification: (message: Message) => void }} options
   */
  constructor(options) {
    this.options = options;
  }

  /** Connects and shakes hands. */
  async open() {
    if (this.options.door === 'legacy') await this.#openLegacy();
    const result = await this.request('initialize', {
      protocolVersion: REVISION,
      capabilities: {},
      clientInfo: { name: 'dualgauge page', version: '1' },
    });
    await this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    if (this.options.door === 'mcp' && this.#session !== undefined) this.#listen();
    return result;
  }

  /**
   * @param {string} method
   * @param {object} [params]
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   */
  async request(method, params = {}, { onNotification, signal } = {}) {
    const id = (this.#id += 1);
    const withToken = onNotification === undefined ? params : { ...params, _meta: { progressToken: id } };
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, onNotification }));
    answer.catch(() => undefined);
    const cancel = () => {
      this.#settle(id)?.reject(new Refusal('Cancelled'));
      void this.#send({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: id, reason: 'The user pressed Cancel' },
      }).catch(() => undefined);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await this.#send({ jsonrpc: '2.0', id, method, params: withToken });
      return await answer;
    } catch (error) {
      this.#pending.delete(id);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Says goodbye, also when the page is being closed. */
  close() {
    if (this.#session !== undefined) {
      void fetch(this.#url('/mcp'), { method: 'DELETE', headers: this.#headers(), keepalive: true }).catch(
        () => undefined,
      );
    }
    this.#session = undefined;
    this.#abort.abort();
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(new Refusal('The connection was closed'));
  }

  /** @param {Message} message */
  async #send(message) {
    const isLegacy = this.options.door === 'legacy';
    const response = await fetch(isLegacy ? (this.#endpoint ?? '') : this.#url('/mcp'), {
      method: 'POST',
      headers: {
        ...this.#headers(),
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(message),
      signal: this.#abort.signal,
    });
    if (!response.ok) throw await toRefusal(response);
    this.#session = response.headers.get('mcp-session-id') ?? this.#session;
    if (isLegacy || response.status === 202) {
      await response.text();
      return;
    }
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      for await (const { data } of readEvents(response)) this.#receive(JSON.parse(data));
      const id = message.id;
      const unanswered = id === undefined ? undefined : this.#settle(id);
      unanswered?.reject(new Refusal('The stream ended before the answer came'));
    } else this.#receive(await response.json());
  }

  async #openLegacy() {
    const url = this.#url('/sse');
    const response = await fetch(url, { headers: this.#headers(), signal: this.#abort.signal });
    if (!response.ok) throw await toRefusal(response);
    const events = readEvents(response);
    const first = await events.next();
    if (first.done === true || first.value.event !== 'endpoint') throw new Refusal('The server named no endpoint');
    this.#endpoint = new URL(first.value.data, url);
    void this.#follow(events);
  }

  // The stream that belongs to no request. What comes on it may come at any time.
  #listen() {
    const headers = { ...this.#headers(), Accept: 'text/event-stream' };
    void fetch(this.#url('/mcp'), { headers, signal: this.#abort.signal })
      .then((response) => (response.ok ? this.#follow(readEvents(response)) : undefined))
      .catch(() => undefined);
  }

  /** @param {AsyncIterable<import('./event-stream.js').StreamEvent>} events */
  async #follow(events) {
    try {
      for await (const { data } of events) this.#receive(JSON.parse(data));
    } catch {
      // Said below, as an end in good order is.
    }
    if (!this.#abort.signal.aborted) this.options.onLost('The server ended the stream');
  }

  /** @param {Message | Message[]} message */
  #receive(message) {
    if (Array.isArray(message)) return message.forEach((one) => this.#receive(one));
    if (message.method === undefined) {
      const pending = message.id === undefined ? undefined : this.#settle(message.id);
      if (message.error) pending?.reject(new Refusal(message.error.message));
      else pending?.resolve(message.result);
      return;
    }
    if (message.id !== undefined) {
      void this.#answer(message).catch(() => undefined);
      return;
    }
    const token = isObject(message.params) ? message.params.progressToken : undefined;
    const owner = this.#pending.get(token);
    if (owner?.onNotification !== undefined) return owner.onNotification(message);
    // A log message names no call; it belongs to whatever is running.
    for (const { onNotification } of this.#pending.values()) onNotification?.(message);
    this.options.onNotification(message);
  }

  // This page declares no capabilities, so all it can be asked is whether it is there.
  /** @param {Message} message */
  async #answer({ id, method }) {
    const answer =
      method === 'ping' ? { result: {} } : { error: { code: -32601, message: 'This page cannot answer that' } };
    await this.#send(/** @type {Message} */ ({ jsonrpc: '2.0', id, ...answer }));
  }

  /** @param {number | string} id */
  #settle(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** @param {string} path */
  #url(path) {
    return new URL(`${this.options.base}${path}`, location.href);
  }

  /** @returns {Record<string, string>} */
  #headers() {
    const { token } = this.options;
    return {
      ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
      ...(this.#session === undefined ? {} : { 'Mcp-Session-Id': this.#session, 'MCP-Protocol-Version': REVISION }),
    };
  }
}

/** @param {Response} response */
async function toRefusal(response) {
  /** @type {unknown} */
  const body = await response.json().catch(() => undefined);
  const error = isObject(body) ? /** @type {any} */ (body).error : undefined;
  const message = typeof error?.message === 'string' ? error.message : `The server answered ${response.status}`;
  return new Refusal(message, response.status);
}
