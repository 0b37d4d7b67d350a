/**
 * Asking the client in 2026-07-28: the call ends with the questions, and the client calls again with the answers
 * (2026-07-28 "Multi Round-Trip Requests"). The handler then runs again from its start; what it asked before is
 * answered at once. All that is remembered travels sealed in `requestState`, so any instance can go on.
 */
import { createHash } from 'node:crypto';
import type { AbortCause, Principal, Question } from '../protocol/call.js';
import { ErrorCode, RpcError, ToolError } from '../protocol/errors.js';
import { isObject, type Params, type Request } from '../protocol/json-rpc.js';
import type { Asker } from './asker.js';

/** Makes an opaque text of a value that only its maker can read or make. */
export interface Seal {
  seal(value: object): string;
  /** `undefined` for what was not sealed here, or was touched since. */
  open(text: string): unknown;
}

/** What `requestState` holds. */
interface State {
  readonly principal: string;
  readonly digest: string;
  readonly expiresAt: number;
  /** The answers of earlier rounds. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The keys of the last round's questions. */
  readonly asked: readonly string[];
}

export interface RoundTripOptions {
  readonly seal: Seal;
  readonly ttlMs: number;
  /** Ends the call with the questions. */
  readonly conclude: (result: object) => Promise<void>;
}

/** What is asked in one round, and who waits for it. */
interface Round {
  readonly questions: Map<string, { method: string; params: object }>;
  readonly open: ((error: Error) => void)[];
}

/** How much the answers of all rounds may amount to, as JSON. */
const MAX_STATE_CHARS = 256 * 1024;

export class RoundTripAsker implements Asker {
  readonly #request: Request;
  readonly #principal: Principal;
  readonly #options: RoundTripOptions;
  // Made when they are needed: most calls ask nothing.
  #answers: Map<string, unknown> | undefined;
  #round: Round | undefined;
  #numbered = 0;

  /** @throws RpcError -32602 for a state that is not this caller's, not for this request, too old, or touched */
  constructor(request: Request, principal: Principal, options: RoundTripOptions) {
    this.#request = request;
    this.#principal = principal;
    this.#options = options;
    const { requestState, inputResponses } = request.params ?? {};
    if (requestState === undefined && inputResponses === undefined) return;
    const state = requestState === undefined ? undefined : this.#openState(requestState);
    this.#answers = new Map(Object.entries(state?.answers ?? {}));
    if (!isObject(inputResponses)) return;
    for (const [key, answer] of Object.entries(inputResponses)) {
      if (state === undefined || state.asked.includes(key)) this.#answers.set(key, answer);
    }
  }

  async ask({ method, params, key, read }: Question): Promise<unknown> {
    this.#numbered += 1;
    const name = key ?? `${method.replace(/^.*\//, '')}_${this.#numbered}`;
    const answer = this.#answers?.get(name);
    if (answer !== undefined) {
      try {
        return read(answer);
      } catch {
        // What cannot be used is asked again (2026-07-28 MRTR, "Error Handling").
        this.#answers?.delete(name);
      }
    }
    const { questions, open } = (this.#round ??= this.#begin());
    questions.set(name, { method, params });
    const unanswered = new Promise<never>((_resolve, reject) => open.push(reject));
    // A handler may have gone on without waiting for it.
    unanswered.catch(() => undefined);
    return unanswered;
  }

  abort(_cause: AbortCause): void {
    this.#letGo();
  }

  // Questions asked together travel together: the call ends when the handler has said all it wants to know.
  #begin(): Round {
    const round: Round = { questions: new Map(), open: [] };
    setImmediate(() => void this.#options.conclude(this.#result(round)).then(() => this.#letGo()));
    return round;
  }

  #letGo(): void {
    for (const reject of this.#round?.open.splice(0) ?? []) reject(new ToolError('The client has to answer first'));
  }

  #result({ questions }: Round): object {
    const answers = Object.fromEntries(this.#answers ?? []);
    if (JSON.stringify(answers).length > MAX_STATE_CHARS) {
      return { content: [{ type: 'text', text: 'The answers so far are too large to go on' }], isError: true };
    }
    const state: State = {
      principal: this.#principal.id,
      digest: digestOf(this.#request),
      expiresAt: Date.now() + this.#options.ttlMs,
      answers,
      asked: [...questions.keys()],
    };
    return {
      resultType: 'input_required',
      inputRequests: Object.fromEntries(questions),
      requestState: this.#options.seal.seal(state),
    };
  }

  #openState(text: unknown): State {
    const state = typeof text === 'string' ? (this.#options.seal.open(text) as State | undefined) : undefined;
    if (state === undefined) throw invalidState('cannot be verified');
    if (state.principal !== this.#principal.id) throw invalidState('cannot be verified');
    if (state.digest !== digestOf(this.#request)) throw invalidState('belongs to another request');
    if (state.expiresAt <= Date.now()) throw invalidState('has expired: begin again without it');
    return state;
  }
}

// Binds a state to what was asked for; the parts that differ from round to round are left out.
function digestOf({ method, params = {} }: Request): string {
  const { _meta, inputResponses: _responses, requestState: _state, ...rest } = params;
  return createHash('sha256').update(method).update(canonical(rest)).digest('base64url');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical((value as Params)[key])}`);
  return `{${members.join(',')}}`;
}

function invalidState(why: string): RpcError {
  return new RpcError(ErrorCode.invalidParams, `Invalid params: requestState ${why}`);
}
