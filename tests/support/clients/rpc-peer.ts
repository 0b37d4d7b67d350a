import { checkMessage } from '../schema-check.js';
import { Inbox } from './inbox.js';
import type { CallOptions, Json, Notification, Progress, Revision } from './test-client.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

export type Id = string | number;

export interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: Id;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Json };
}

export interface RequestOptions extends CallOptions {
  /** Counted from 1 unless given. */
  readonly id?: Id;
}

/** How a peer's messages travel. */
export interface Wire {
  /** For a request: resolves once nothing more can come of this sending; the answer itself is handed to the peer. */
  send(message: Message): Promise<void>;
  /** The handshake is done, and this version is spoken from now on. */
  ready(protocolVersion: string): Promise<void>;
  close(): Promise<void>;
}

/** A JSON-RPC error the server answered, with the status when it came as the body of a failed POST. */
export class RpcFailure extends Error {
  readonly code: number;
  readonly data: Json;
  readonly status: number | undefined;

  constructor({ code, message, data }: NonNullable<Message['error']>, status?: number) {
    super(message);
    this.name = 'RpcFailure';
    this.code = code;
    this.data = data;
    this.status = status;
  }
}

interface Pending {
  readonly method: string;
  readonly resolve: (result: Json) => void;
  readonly reject: (cause: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/**
 * Our side of a JSON-RPC conversation: matches answers to requests, and answers what is asked. Knows no HTTP. What is not as
 * the schema of the negotiated revision says ends the conversation.
 */
export class RpcPeer {
  readonly notifications = new Inbox<Notification>('a notification');
  /** What the server asked of us. */
  readonly requests = new Inbox<Message>('a request of the server');
  /** What the other side got wrong: answers nobody asked for, progress for nothing, messages that are none. */
  readonly errors: Error[] = [];
  readonly #send: (message: Message) => Promise<void>;
  readonly #pending = new Map<Id, Pending>();
  readonly #givenUp = new Set<Id>();
  #answer: (method: string, params: Json) => unknown;
  #revision: Revision | undefined;
  #nextId = 1;

  constructor(send: (message: Message) => Promise<void>) {
    this.#send = send;
    this.#answer = (method) => {
      throw new RpcFailure({ code: -32601, message: `Nobody answers ${method}` });
    };
  }

  /** Who answers the server's requests from now on; what it throws goes back as an error. */
  answerRequests(answer: (method: string, params: Json) => unknown): void {
    this.#answer = answer;
  }

  /** The result; rejects with an RpcFailure when the server answers an error. An aborted signal cancels the request at the server. */
  async request(method: string, params?: Json, options: RequestOptions = {}): Promise<Json> {
    const { id = this.#nextId++, onProgress, signal, timeoutMs = DEFAULT_WAIT_MS } = options;
    if (this.#pending.has(id)) throw new Error(`The id ${JSON.stringify(id)} is in flight already`);
    signal?.throwIfAborted();

    const meta = { ...params?._meta, progressToken: id };
    const message: Message = {
      jsonrpc: '2.0',
      id,
      method,
      ...(onProgress ? { params: { ...params, _meta: meta } } : params !== undefined && { params }),
    };
    const answer = new Promise<Json>((resolve, reject) =>
      this.#pending.set(id, { method, resolve, reject, onProgress }),
    );
    const cancel = () => this.#cancel(id, signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    this.#send(message).catch((cause: unknown) => this.#settle(id)?.reject(toError(cause)));
    try {
      return await within(timeoutMs, `the answer to ${method} (id ${JSON.stringify(id)})`, answer);
    } finally {
      signal?.removeEventListener('abort', cancel);
      if (this.#settle(id)) this.#givenUp.add(id);
    }
  }

  async notify(method: string, params?: Json): Promise<void> {
    await this.#send({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
  }

  /** Takes in one message, or a batch. */
  receive(message: Json): void {
    if (Array.isArray(message)) for (const one of message) this.receive(one);
    else if (!this.#isAsTheSchemaSays(message)) return;
    else if (message?.jsonrpc !== '2.0') this.#complain('Not a JSON-RPC message', message);
    else if (message.method === undefined) this.#receiveAnswer(message);
    else if (message.id === undefined) this.#receiveNotification(message);
    else this.#receiveRequest(message);
  }

  /** The conversation is over: whoever waits hears why. */
  end(cause: Error): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(cause);
    this.notifications.end(cause);
    this.requests.end(cause);
  }

  #isAsTheSchemaSays(message: Json): boolean {
    const method = this.#pending.get(message?.id)?.method;
    if (method === 'initialize') this.#revision = message?.result?.protocolVersion ?? this.#revision;
    // Before the handshake there is no revision to hold it against.
    if (this.#revision === undefined) return true;
    try {
      checkMessage(message, { revision: this.#revision, method: message?.method === undefined ? method : undefined });
      return true;
    } catch (cause) {
      this.errors.push(toError(cause));
      this.end(toError(cause));
      return false;
    }
  }

  #receiveAnswer(message: Message): void {
    if (message.id === undefined) return this.#complain('An answer without an id', message);
    const pending = this.#settle(message.id);
    // What was cancelled may have been answered before the server heard of it.
    if (!pending && this.#givenUp.has(message.id)) return;
    if (!pending) return this.#complain('An answer to no request', message);
    if (message.error) pending.reject(new RpcFailure(message.error));
    else pending.resolve(message.result);
  }

  #receiveNotification(message: Message): void {
    const { method = '', params } = message;
    if (method !== 'notifications/progress') return this.notifications.push({ method, params });
    const pending = this.#pending.get(params?.progressToken);
    if (pending?.onProgress) pending.onProgress(params);
    else if (!this.#givenUp.has(params?.progressToken)) this.#complain('Progress of no request', message);
  }

  #receiveRequest(message: Message): void {
    this.requests.push(message);
    const { id, method = '', params } = message;
    Promise.resolve()
      .then(() => (method === 'ping' ? {} : this.#answer(method, params)))
      .then(
        (result) => this.#send({ jsonrpc: '2.0', id: id!, result }),
        (cause: unknown) => this.#send({ jsonrpc: '2.0', id: id!, error: toErrorMember(cause) }),
      )
      .catch((cause: unknown) => this.errors.push(toError(cause)));
  }

  #cancel(id: Id, reason: unknown): void {
    this.#givenUp.add(id);
    this.#settle(id)?.reject(toError(reason));
    this.notify('notifications/cancelled', { requestId: id, reason: String(reason) }).catch((cause: unknown) =>
      this.errors.push(toError(cause)),
    );
  }

  #settle(id: Id): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #complain(what: string, message: Json): void {
    this.errors.push(new Error(`${what}: ${JSON.stringify(message)}`));
  }
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause), { cause });
}

function toErrorMember(cause: unknown): NonNullable<Message['error']> {
  const error = toError(cause);
  return { code: error instanceof RpcFailure ? error.code : -32603, message: error.message };
}
