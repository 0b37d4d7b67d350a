import { randomUUID } from 'node:crypto';
import type { ClientFacts, Principal, SessionFacts } from '../protocol/call.js';
import { UNKNOWN_CLIENT } from '../protocol/call.js';
import type { RequestId, Response } from '../protocol/json-rpc.js';
import type { LogLevel } from '../protocol/mcp.js';
import { type HandshakeRevision, OLDEST_REVISION } from '../protocol/versions.js';
import type { Exchange } from './exchange.js';
import { MAIN_STREAM } from './event-id.js';
import { START } from './event-log.js';
import type { Door } from './observer.js';
import type { SseWriter } from './sse-writer.js';

/** What the server knows of one client while it stays. Holds no stream of its own until one is opened. */
export class Session implements SessionFacts {
  revision: HandshakeRevision = OLDEST_REVISION;
  client: ClientFacts = UNKNOWN_CLIENT;
  isInitialized = false;
  logLevel: LogLevel = 'info';
  readonly subscriptions = new Set<string>();
  readonly createdAt = Date.now();
  lastUsedAt = performance.now();
  /** When its main stream was last lost. */
  detachedAt = performance.now();
  /** Up to where the main stream has been given to a connection. */
  mainCursor = START;
  /** Whether there ever was a connection that could have heard of things no request asked for. */
  hasMainStream = false;
  isClosed = false;
  readonly #calls = new Set<Exchange>();
  readonly #answers = new Map<RequestId, (response: Response) => void>();
  readonly #writers = new Map<string, SseWriter>();
  #streamCount = 0;

  constructor(
    readonly id: string,
    readonly door: Door,
    readonly principal: Principal,
    readonly save: () => void = () => undefined,
  ) {}

  /** Begins with what `initialize` said. */
  begin({ revision, client }: { revision: HandshakeRevision; client: ClientFacts }): void {
    this.revision = revision;
    this.client = client;
    this.isInitialized = true;
    this.save();
  }

  get calls(): ReadonlySet<Exchange> {
    return this.#calls;
  }

  get writers(): ReadonlyMap<string, SseWriter> {
    return this.#writers;
  }

  /** Whether something still needs the session: a call in flight or a stream attached. */
  get isBusy(): boolean {
    return this.#calls.size > 0 || this.#writers.size > 0;
  }

  /** A name for the next stream, unique in the session. */
  nextStream(): string {
    this.#streamCount += 1;
    return `p${this.#streamCount.toString(36)}`;
  }

  addCall(exchange: Exchange): void {
    this.#calls.add(exchange);
  }

  removeCall(exchange: Exchange): void {
    this.#calls.delete(exchange);
    this.lastUsedAt = performance.now();
  }

  hasCall(id: RequestId): boolean {
    for (const call of this.#calls) if (call.id === id) return true;
    return false;
  }

  /** Aborts every call that was made with that id. */
  cancel(id: RequestId): void {
    for (const call of [...this.#calls]) if (call.id === id) call.abort('cancelled');
  }

  /** Makes a connection the one reader of a stream; the one before it ends. */
  attach(stream: string, writer: SseWriter): void {
    this.#writers.get(stream)?.end('taken over');
    this.#writers.set(stream, writer);
    writer.signal.addEventListener('abort', () => this.#detach(stream, writer), { once: true });
  }

  /** Waits for the client's answer to a request of ours. @returns the id to ask with */
  expectAnswer(onAnswer: (response: Response) => void): { id: string; forget: () => void } {
    const id = randomUUID();
    this.#answers.set(id, onAnswer);
    return { id, forget: () => this.#answers.delete(id) };
  }

  /** Hands the client's answer to whoever asked. @returns false when nobody did, or no longer waits */
  takeAnswer(response: Response): boolean {
    if (response.id === undefined) return false;
    const onAnswer = this.#answers.get(response.id);
    this.#answers.delete(response.id);
    onAnswer?.(response);
    return onAnswer !== undefined;
  }

  get openQuestions(): number {
    return this.#answers.size;
  }

  #detach(stream: string, writer: SseWriter): void {
    if (this.#writers.get(stream) !== writer) return;
    this.#writers.delete(stream);
    this.lastUsedAt = performance.now();
    if (stream === MAIN_STREAM) this.detachedAt = this.lastUsedAt;
  }
}
