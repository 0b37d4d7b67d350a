import type { Call, ClientFacts, Principal } from './call.js';
import {
  type Answer,
  type Ask,
  elicitQuestion,
  type ElicitForm,
  type ElicitUrl,
  rootsQuestion,
  sampleQuestion,
} from './questions.js';
import type { RequestId } from './json-rpc.js';
import type { CreateMessageParams, CreateMessageResult, LogLevel, Root } from './mcp.js';
import type { Revision } from './versions.js';

/**
 * What a tool, resource or prompt gets beside its arguments: who asks, and ways to speak to the client while it works.
 * Written once, it runs in every revision. With 2026-07-28 clients a handler that asks the client runs again from its
 * beginning with each answer, so what must happen only once belongs behind the last question.
 */
export interface Context {
  /** Fires when nobody waits for the result any more; its reason says why. */
  readonly signal: AbortSignal;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly revision: Revision;
  /** The JSON-RPC id of the request. Unique to the client only while the call runs. */
  readonly requestId: RequestId;
  /** Absent where there is no session (2026-07-28, and clients that keep none). */
  readonly sessionId: string | undefined;
  /** Names this exchange in the server's logs. */
  readonly exchangeId: string;
  /** The `_meta` of the request, for extensions and W3C trace context. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Tells how far the work is; nothing is sent to a client that gave no token, or when it does not go forward. */
  progress(progress: number, total?: number, message?: string): Promise<void>;
  /** Says something to the client's log, if it wants to hear of that severity. */
  log(level: LogLevel, data: unknown, logger?: string): Promise<void>;
  /** Asks the user to fill in a form, or to visit a page. @throws RpcError -32021 when the client cannot */
  elicit<T>(form: ElicitForm<T> & Ask): Promise<Answer<T>>;
  elicit(page: ElicitUrl & Ask): Promise<Answer<undefined>>;
  /** Asks the client's model. @throws RpcError -32021 when the client has none to lend */
  sample(params: CreateMessageParams & Ask): Promise<CreateMessageResult>;
  /** Asks which folders the client works in. @throws RpcError -32021 when the client does not say */
  listRoots(ask?: Ask): Promise<readonly Root[]>;
  /** From here on the call goes on as a task, for clients that know tasks; for others nothing changes. */
  becomeTask(): Promise<void>;
  /** Ends the connection but not the call: a client of 2025-11-25 comes back for the rest when it is told to. */
  closeStream(): Promise<void>;
}

/** The context of one call. */
export class CallContext implements Context {
  readonly #call: Call;
  #progress = -Infinity;

  constructor(call: Call) {
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get principal(): Principal {
    return this.#call.principal;
  }

  get client(): ClientFacts {
    return this.#call.client;
  }

  get revision(): Revision {
    return this.#call.revision;
  }

  get requestId(): RequestId {
    return this.#call.id;
  }

  get sessionId(): string | undefined {
    return this.#call.session?.id;
  }

  get exchangeId(): string {
    return this.#call.exchangeId;
  }

  get meta(): Readonly<Record<string, unknown>> {
    return this.#call.meta;
  }

  async progress(progress: number, total?: number, message?: string): Promise<void> {
    // Also false for NaN, which would let the next one go backwards.
    if (!(progress > this.#progress)) return;
    this.#progress = progress;
    await this.#call.progress(progress, total, message);
  }

  async log(level: LogLevel, data: unknown, logger?: string): Promise<void> {
    if (!this.#call.hears(level)) return;
    await this.#call.notify('notifications/message', logger === undefined ? { level, data } : { level, logger, data });
  }

  async elicit(form: (ElicitForm<unknown> | ElicitUrl) & Ask): Promise<never> {
    return (await this.#call.ask(elicitQuestion(form, this.#call))) as never;
  }

  async sample(params: CreateMessageParams & Ask): Promise<CreateMessageResult> {
    return (await this.#call.ask(sampleQuestion(params, this.#call))) as CreateMessageResult;
  }

  async listRoots(ask: Ask = {}): Promise<readonly Root[]> {
    return (await this.#call.ask(rootsQuestion(ask, this.#call))) as readonly Root[];
  }

  becomeTask(): Promise<void> {
    return this.#call.becomeTask();
  }

  closeStream(): Promise<void> {
    return this.#call.closeStream();
  }
}
