import type { AbortCause, Question } from '../protocol/call.js';
import { ToolError } from '../protocol/errors.js';
import type { Response } from '../protocol/json-rpc.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

/** How a call asks its client: the difference of the eras. */
export interface Asker {
  /** Resolves with what the question made of the client's answer. */
  ask(question: Question, reply: Reply): Promise<unknown>;
  /** Lets go of every open question. */
  abort(cause: AbortCause): void;
}

/** For calls without a session and without round trips: there is no way an answer could come back. */
export const NO_ASKER: Asker = {
  ask: () => Promise.reject(new ToolError('This client cannot be asked: it keeps no session')),
  abort: () => undefined,
};

/** Asks with a request on the call's own stream; the answer may arrive on any connection of the session. */
export class SessionAsker implements Asker {
  readonly #session: Session;
  readonly #timeoutMs: number;
  readonly #maxQuestions: number;
  // Made with the first question: most calls ask none.
  #open: Set<(error: Error) => void> | undefined;

  constructor(session: Session, { timeoutMs, maxQuestions }: { timeoutMs: number; maxQuestions: number }) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#maxQuestions = maxQuestions;
  }

  async ask({ method, params, read }: Question, reply: Reply): Promise<unknown> {
    if (!reply.canAsk) throw new ToolError('This client cannot be asked: it reads no stream');
    if (this.#session.openQuestions >= this.#maxQuestions) throw new ToolError('This client is asked too much already');
    const waiting = this.#expect();
    try {
      await reply.send(
        { jsonrpc: '2.0', id: waiting.id, method, params: params as Record<string, unknown> },
        'message',
      );
      const response = await waiting.answer;
      if ('error' in response) throw new ToolError(`The client refused to answer: ${response.error.message}`);
      return read(response.result);
    } finally {
      waiting.forget();
    }
  }

  abort(cause: AbortCause): void {
    for (const giveUp of this.#open ?? []) giveUp(new ToolError(`The call ended before the client answered: ${cause}`));
  }

  #expect(): { id: string; answer: Promise<Response>; forget: () => void } {
    let forget = (): void => undefined;
    let id = '';
    const answer = new Promise<Response>((resolve, reject) => {
      const expected = this.#session.expectAnswer(resolve);
      const timer = setTimeout(() => {
        reject(new ToolError(`The client did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      this.#open ??= new Set();
      this.#open.add(reject);
      id = expected.id;
      forget = () => {
        clearTimeout(timer);
        this.#open?.delete(reject);
        expected.forget();
      };
    });
    // It may be given up while the question is still on its way out.
    answer.catch(() => undefined);
    return { id, answer, forget };
  }
}
