import {
  type AbortCause,
  type Call,
  type CallLimits,
  type ClientFacts,
  type Principal,
  type Question,
  type SessionFacts,
} from '../protocol/call.js';
import type { Dispatcher } from '../protocol/dispatcher.js';
import { ErrorCode, ToolError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import {
  errorResponse,
  type Notification,
  type Request,
  type RequestId,
  resultResponse,
  type Response,
} from '../protocol/json-rpc.js';
import { isSevere } from '../protocol/lifecycle.js';
import type { LogLevel, ProgressToken } from '../protocol/mcp.js';
import { MODERN_REVISION, type Revision } from '../protocol/versions.js';
import type { Asker } from './asker.js';
import type { Calls } from './calls.js';
import type { EventKind } from './event-log.js';
import type { Observer } from './observer.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';
import type { VisitNotes } from './visit-notes.js';

/** How much a call may say before all others get a turn. */
const SENDS_PER_TURN = 16;

const SHUTTING_DOWN = { code: ErrorCode.internalError, message: 'The server is shutting down' };

/** What every exchange of a server shares. */
export interface ExchangeHost {
  readonly dispatcher: Dispatcher;
  readonly calls: Calls;
  readonly observer: Observer;
}

export interface ExchangeFacts {
  readonly revision: Revision;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly session: Session | undefined;
  readonly exchangeId: string;
  readonly notes: VisitNotes;
  readonly meta: Readonly<Record<string, unknown>>;
  /** The mildest severity to send; `undefined` for none. Sessions have their own word on it. */
  readonly logLevel: LogLevel | undefined;
}

/** Makes a task of an exchange: the seat where a long call goes on without its connection. */
export interface TaskMaker {
  /**
   * @returns what asks the client from now on, what the client gets now, who hears of the end, and when the client can
   *   come back for it on any instance
   */
  create(exchange: Exchange): {
    asker: Asker;
    result: object;
    settle: (response: Response | undefined) => void;
    isKnown: Promise<void>;
  };
}

/** One request from its arrival to the end of its answer. */
export class Exchange implements Call {
  readonly id: RequestId;
  readonly revision: Revision;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly exchangeId: string;
  readonly notes: VisitNotes;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly startedAt = performance.now();
  readonly #request: Request;
  readonly #session: Session | undefined;
  readonly #logLevel: LogLevel | undefined;
  readonly #reply: Reply;
  readonly #host: ExchangeHost;
  readonly #tasks: TaskMaker | undefined;
  #asker: Asker;
  #controller: AbortController | undefined;
  #aborted: AbortCause | undefined;
  #isDone = false;
  #endedMs = 0;
  #settleTask: ((response: Response | undefined) => void) | undefined;
  #limits: CallLimits | undefined;
  #lastSignAt = this.startedAt;
  #lastSentAt = this.startedAt;
  #lastProgress = 0;
  #sent = 0;
  #isLate = false;
  #questions = 0;

  constructor(
    request: Request,
    facts: ExchangeFacts,
    { reply, asker, host, tasks }: { reply: Reply; asker: Asker; host: ExchangeHost; tasks?: TaskMaker | undefined },
  ) {
    this.id = request.id;
    this.revision = facts.revision;
    this.principal = facts.principal;
    this.client = facts.client;
    this.exchangeId = facts.exchangeId;
    this.notes = facts.notes;
    this.meta = facts.meta;
    this.#request = request;
    this.#session = facts.session;
    this.#logLevel = facts.logLevel;
    this.#reply = reply;
    this.#asker = asker;
    this.#host = host;
    this.#tasks = tasks;
  }

  get session(): SessionFacts | undefined {
    return this.#session;
  }

  get request(): Request {
    return this.#request;
  }

  get progressToken(): ProgressToken | undefined {
    const token = this.meta.progressToken;
    return typeof token === 'string' || typeof token === 'number' ? token : undefined;
  }

  /** Made when somebody asks for it: most calls are over before anybody does. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Runs the request and answers it. Never rejects. A promise only where it is not over yet. */
  run(): void | Promise<void> {
    // Before anything of it is run, since that may end its session or the server.
    this.#host.calls.add(this);
    this.#session?.addCall(this);
    this.notes.pending += 1;
    this.#host.observer.callStarted?.(this, this.#request);
    const response = this.#host.dispatcher.dispatch(this.#request, this);
    return response instanceof Promise ? response.then((late) => this.#finish(late)) : this.#finish(response);
  }

  /** Ends the call before its handler does. What the handler still returns is dropped. */
  abort(cause: AbortCause): void {
    if (this.#isDone) return;
    this.#aborted = cause;
    this.#controller?.abort(cause);
    this.#asker.abort(cause);
    const outcome = cause === 'timeout' ? this.#limits?.outcome(Math.round(this.#elapsedMs)) : undefined;
    if (outcome !== undefined) void this.conclude(outcome);
    // Its client asked for no end, and may wait for the answer elsewhere.
    else if (cause === 'shutdown') void this.#finish(errorResponse(this.id, SHUTTING_DOWN));
    else this.#cancel();
  }

  /** Fires the signal and lets the handler answer: for those that wait for nothing but the end. */
  dismiss(cause: AbortCause): void {
    if (this.#isDone) return;
    this.#aborted = cause;
    this.#controller?.abort(cause);
  }

  /** Answers with a result of the transport's own making: time is up, or the client is asked for more. */
  async conclude(result: object): Promise<void> {
    const isModern = this.revision === MODERN_REVISION;
    await this.#finish(resultResponse(this.id, isModern ? this.#host.dispatcher.complete(result) : result));
  }

  hears(level: LogLevel): boolean {
    const minimum = this.#session?.logLevel ?? this.#logLevel;
    return minimum !== undefined && isSevere(level, minimum);
  }

  async notify(method: string, params: object): Promise<void> {
    if (this.#isDone || this.#settleTask !== undefined) return;
    await this.#send(toNotification(method, params), 'message');
  }

  async progress(progress: number, total?: number, message?: string): Promise<void> {
    const progressToken = this.progressToken;
    this.#lastSignAt = performance.now();
    if (progressToken === undefined || this.#isDone) return;
    this.#lastProgress = Math.max(progress, this.#lastProgress);
    await this.#sendProgress({
      progressToken,
      progress: this.#lastProgress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined || !has(this.revision, 'progressMessage') ? {} : { message }),
    });
  }

  async ask(question: Question): Promise<unknown> {
    if (this.#isDone) throw new ToolError('Nobody waits for this call any more');
    this.#questions += 1;
    try {
      return await this.#asker.ask(question, this.#reply);
    } finally {
      this.#questions -= 1;
      this.#lastSignAt = performance.now();
    }
  }

  limit(limits: CallLimits): void {
    this.#limits = limits;
  }

  get knowsTasks(): boolean {
    return this.#tasks !== undefined;
  }

  async becomeTask(): Promise<void> {
    if (this.#tasks === undefined || this.#isDone || this.#settleTask !== undefined) return;
    const { asker, result, settle, isKnown } = this.#tasks.create(this);
    this.#asker = asker;
    this.#settleTask = settle;
    this.notes.answeredOn = 'task';
    await isKnown;
    const isModern = this.revision === MODERN_REVISION;
    await this.#reply.respond(resultResponse(this.id, isModern ? this.#host.dispatcher.complete(result) : result));
  }

  get isTask(): boolean {
    return this.#settleTask !== undefined;
  }

  async closeStream(): Promise<void> {
    if (this.#isDone || this.isTask) return;
    this.#reply.closeStream();
  }

  /** Looked at now and then, together with all other calls: nothing here has a timer of its own. */
  tick(now: number, { streamAfterMs, heartbeatMs }: { streamAfterMs: number; heartbeatMs: number }): void {
    const { expiresAt } = this.principal;
    // A task goes on without the request that began it, and is fetched with whatever token is good then.
    if (expiresAt !== undefined && !this.isTask && Date.now() >= expiresAt) return this.abort('expired');
    if (this.#limits !== undefined && this.#isOverdue(now, this.#limits)) return this.abort('timeout');
    if (!this.#isLate && now - this.startedAt >= streamAfterMs) {
      this.#isLate = true;
      this.#reply.late();
      this.#host.observer.callLate?.(this);
    }
    if (this.progressToken !== undefined && now - this.#lastSentAt >= heartbeatMs) void this.#heartbeat();
  }

  #isOverdue(now: number, { timeoutMs, maxMs }: CallLimits): boolean {
    if (this.isTask) return false;
    // While the client is being asked it is its turn, and the question has its own limit.
    const isSilent = this.#questions === 0 && now - this.#lastSignAt >= timeoutMs;
    return isSilent || now - this.startedAt >= maxMs;
  }

  // Clients that wait a minute for a sign of life get one: a step too small to be seen.
  async #heartbeat(): Promise<void> {
    const { progressToken } = this;
    if (progressToken === undefined || this.isTask) return;
    this.#lastProgress += 1e-6;
    try {
      await this.#sendProgress({ progressToken, progress: this.#lastProgress });
    } catch (error) {
      this.#host.observer.fault?.(error, 'heartbeat');
    }
  }

  async #sendProgress(params: object): Promise<void> {
    this.#lastSentAt = performance.now();
    if (this.isTask) return;
    await this.#send(toNotification('notifications/progress', params), 'progress');
  }

  // Who talks to nobody never waits for anybody: without a turn for the others now and then nothing else would happen.
  async #send(message: Notification, kind: EventKind): Promise<void> {
    await this.#reply.send(message, kind);
    this.#sent += 1;
    if (this.#sent % SENDS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  get #elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  // A promise only where the client's stream makes it wait: most answers are on their way when this returns.
  #finish(response: Response): void | Promise<void> {
    if (!this.#end()) return undefined;
    try {
      const answered = this.#settleTask === undefined ? this.#reply.respond(response) : this.#settleTask(response);
      this.#tell(response);
      return answered?.catch((error: unknown) => this.#fault(error));
    } catch (error) {
      return this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    this.#host.observer.fault?.(error, 'reply');
  }

  #cancel(): void {
    if (!this.#end()) return;
    this.#tell(undefined);
    if (this.#settleTask !== undefined) this.#settleTask(undefined);
    else this.#reply.cancel(this.id);
  }

  #end(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    this.#host.calls.delete(this);
    this.#session?.removeCall(this);
    this.#endedMs = this.#elapsedMs;
    this.notes.pending -= 1;
    return true;
  }

  #tell(response: Response | undefined): void {
    const end = { response, ms: this.#endedMs, cause: this.#aborted };
    this.#host.observer.callFinished?.(this, this.#request, end);
  }
}

function toNotification(method: string, params: object): Notification {
  return { jsonrpc: '2.0', method, params: params as Notification['params'] & object };
}
