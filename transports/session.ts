import { randomUUID } from 'node:crypto';
import type { ClientFacts, Principal, SessionFacts } from '../protocol/call.js';
import { UNKNOWN_CLIENT } from '../protocol/call.js';
import type { RequestId, Response } from '../protocol/json-rpc.js';
import type { LogLevel } from '../protocol/mcp.js';
import type { Opening } from '../protocol/lifecycle.js';
import { type HandshakeRevision, OLDEST_REVISION } from '../protocol/versions.js';
import type { Exchange } from './exchange.js';
import { MAIN_STREAM } from './event-id.js';
import { START } from './event-log.js';
import type { Door } from './observer.js';
import { shortenSessionId } from './session-id.js';
import type { SessionChange, SessionRecord, SessionSignal } from './session-store.js';
import type { SseWriter } from './sse-writer.js';

/** What ties a session to where it is kept. */
export interface SessionLink {
  /** Goes into the names of streams and questions, so that those of two instances differ. */
  readonly tag: string;
  /** Rejects with a 503 when the store is away. */
  save(session: Session): void | Promise<void>;
  /** Its main stream was lost here. */
  detached(session: Session): void;
  /** Tells other instances that a stream is read here. @returns its turn. Rejects with a 503 when the store is away. */
  announce(session: Session, stream: string): number | Promise<number>;
  /** Tells the other instances, if there are any. Rejects with a 503 when the store is away. */
  signal(session: Session, signal: SessionSignal): void | Promise<void>;
  /** Hands an answer to the instance that asked. Rejects with a 503 when the store is away. */
  deliver(session: Session, instance: string, response: Response): void | Promise<void>;
}

const NO_CALLS: ReadonlySet<Exchange> = new Set();
const NO_WRITERS: ReadonlyMap<string, SseWriter> = new Map();

/** What the server knows of one client while it stays. Holds no stream of its own until one is opened. */
export class Session implements SessionFacts, SessionRecord {
  revision: HandshakeRevision = OLDEST_REVISION;
  client: ClientFacts = UNKNOWN_CLIENT;
  isInitialized = false;
  logLevel: LogLevel = 'info';
  createdAt = Date.now();
  lastUsedAt = performance.now();
  /** When its main stream was last lost. */
  detachedAt = performance.now();
  /** Up to where the main stream has been given to a connection. */
  mainCursor = START;
  /** Whether there ever was a connection that could have heard of things no request asked for. */
  hasMainStream = false;
  /** Whether this instance carries its main stream, or is the one that did last. */
  isCarrier = false;
  /** The newest turn at carrying it that was heard of. */
  turn = 0;
  /** How many messages were not sent because it never opened the stream they would have come on. */
  unheard = 0;
  isClosed = false;
  // Made when they are needed: of ten thousand idle sessions most never need one.
  #shortId: string | undefined;
  #subscriptions: Set<string> | undefined;
  #calls: Set<Exchange> | undefined;
  #answers: Map<RequestId, (response: Response) => void> | undefined;
  #writers: Map<string, SseWriter> | undefined;
  /** Of the streams of calls that are resumed here: the newest turn at reading it that was heard of. */
  #turns: Map<string, number> | undefined;
  #streamCount = 0;

  readonly #link: SessionLink;

  constructor(
    readonly id: string,
    readonly door: Door,
    readonly principal: Principal,
    link: SessionLink,
  ) {
    this.#link = link;
  }

  /** Its id, as it may be shown. */
  get shortId(): string {
    return (this.#shortId ??= shortenSessionId(this.id));
  }

  get subscriptions(): Set<string> {
    return (this.#subscriptions ??= new Set());
  }

  /** Whether the client asked for updates of the resource. */
  isSubscribed(uri: string): boolean {
    return this.#subscriptions?.has(uri) === true;
  }

  /** Begins with what `initialize` said. Nothing is kept yet. */
  begin({ revision, client }: Opening): void {
    this.revision = revision;
    this.client = client;
    this.isInitialized = true;
  }

  /** Becomes what other instances made of it. */
  adopt(record: SessionRecord): void {
    const { createdAt, revision, client, isInitialized, logLevel, hasMainStream, isCarrier, mainCursor } = record;
    Object.assign(this, { createdAt, revision, client, isInitialized, logLevel, hasMainStream, isCarrier });
    if (Number(mainCursor) > Number(this.mainCursor)) this.mainCursor = mainCursor;
    this.#subscriptions = undefined;
    for (const uri of record.subscriptions) this.subscriptions.add(uri);
  }

  /** Takes over what another instance changed. */
  apply({ frame, logLevel, subscribed, unsubscribed }: SessionChange): void {
    if (frame !== undefined) this.begin(frame);
    if (logLevel !== undefined) this.logLevel = logLevel;
    for (const uri of subscribed) this.subscriptions.add(uri);
    for (const uri of unsubscribed) this.subscriptions.delete(uri);
  }

  /** Keeps what changed, for every instance that serves the session. */
  save(): void | Promise<void> {
    return this.#link.save(this);
  }

  get calls(): ReadonlySet<Exchange> {
    return this.#calls ?? NO_CALLS;
  }

  get writers(): ReadonlyMap<string, SseWriter> {
    return this.#writers ?? NO_WRITERS;
  }

  /** Whether something still needs the session: a call in flight or a stream attached. */
  get isBusy(): boolean {
    return this.calls.size > 0 || this.writers.size > 0;
  }

  /** A name for the next stream, unique in the session. */
  nextStream(): string {
    this.#streamCount += 1;
    return `p${this.#link.tag}${this.#streamCount.toString(36)}`;
  }

  addCall(exchange: Exchange): void {
    this.#calls ??= new Set();
    this.#calls.add(exchange);
  }

  removeCall(exchange: Exchange): void {
    this.#calls?.delete(exchange);
    if (this.#calls?.size === 0) this.#calls = undefined;
    this.lastUsedAt = performance.now();
  }

  hasCall(id: RequestId): boolean {
    for (const call of this.calls) if (call.id === id) return true;
    return false;
  }

  /** Aborts every call that was made with that id, wherever it runs. Rejects with a 503 when the store is away. */
  cancel(id: RequestId): void | Promise<void> {
    this.cancelHere(id);
    return this.#link.signal(this, { kind: 'cancel', requestId: id });
  }

  /** Aborts the calls with that id that run on this instance. */
  cancelHere(id: RequestId): void {
    for (const call of [...this.calls]) if (call.id === id) call.abort('cancelled');
  }

  /** Whether somebody reads its main stream: here, or on another instance as far as is known. */
  get isListening(): boolean {
    return this.writers.has(MAIN_STREAM) || (this.#link.tag !== '' && this.hasMainStream && !this.isCarrier);
  }

  /** Whether another instance took over the main stream while it was about to be read here. */
  get isOvertaken(): boolean {
    return this.#link.tag !== '' && !this.isCarrier;
  }

  /**
   * Tells other instances that a stream is read here from now on. Rejects with a 503 when the store is away.
   * @returns false when another has taken over meanwhile
   */
  async announce(stream: string): Promise<boolean> {
    const turns = (this.#turns ??= new Map<string, number>());
    // What is heard before our own turn is known counts too.
    if (!turns.has(stream)) turns.set(stream, 0);
    const turn = await this.#link.announce(this, stream);
    if (turn < (turns.get(stream) ?? 0)) return false;
    turns.set(stream, turn);
    return true;
  }

  /** Another instance reads a stream of a call from now on, unless it is our turn again by now. */
  makeWay(stream: string, turn: number): void {
    const known = this.#turns?.get(stream);
    if (known !== undefined && turn < known) return;
    if (known !== undefined) this.#turns?.set(stream, turn);
    this.writers.get(stream)?.end('taken over');
  }

  /** Makes a connection the one reader of a stream; the one before it ends. */
  attach(stream: string, writer: SseWriter): void {
    const before = this.writers.get(stream);
    if (this.isClosed) writer.end('session closed');
    // One whose client has gone already will never say so again.
    if (writer.isOpen) {
      this.#writers ??= new Map();
      this.#writers.set(stream, writer);
      writer.onEnd(() => this.#detach(stream, writer));
    } else this.#turns?.delete(stream);
    // A stream that is taken over is not lost.
    before?.end('taken over');
  }

  /** Waits for the client's answer to a request of ours. @returns the id to ask with */
  expectAnswer(onAnswer: (response: Response) => void): { id: string; forget: () => void } {
    const { tag } = this.#link;
    const id = tag === '' ? randomUUID() : `${tag}.${randomUUID()}`;
    const answers = (this.#answers ??= new Map());
    answers.set(id, onAnswer);
    return { id, forget: () => answers.delete(id) };
  }

  /** Hands the client's answer to whoever asked, on whichever instance. Rejects with a 503 when the store is away. */
  takeAnswer(response: Response): void | Promise<void> {
    if (this.takeAnswerHere(response) || typeof response.id !== 'string') return undefined;
    const asker = response.id.slice(0, response.id.indexOf('.'));
    return asker === this.#link.tag ? undefined : this.#link.deliver(this, asker, response);
  }

  /** @returns false when nobody asked here, or no longer waits */
  takeAnswerHere(response: Response): boolean {
    if (response.id === undefined) return false;
    const onAnswer = this.#answers?.get(response.id);
    this.#answers?.delete(response.id);
    onAnswer?.(response);
    return onAnswer !== undefined;
  }

  get openQuestions(): number {
    return this.#answers?.size ?? 0;
  }

  #detach(stream: string, writer: SseWriter): void {
    if (this.#writers?.get(stream) !== writer) return;
    this.#writers.delete(stream);
    this.#turns?.delete(stream);
    this.lastUsedAt = performance.now();
    if (stream !== MAIN_STREAM) return;
    this.detachedAt = this.lastUsedAt;
    // Whoever carries the stream next begins where this connection ended.
    if (!this.isClosed) this.#link.detached(this);
  }
}
