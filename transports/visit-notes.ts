import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AbortCause } from '../protocol/call.js';
import type { Message, Response } from '../protocol/json-rpc.js';
import type { Revision } from '../protocol/versions.js';
import type { Door, StreamEnded, StreamFacts } from './observer.js';
import type { Session } from './session.js';

/** Where an answer went that its own exchange does not carry. */
export type AnsweredOn = 'session stream' | 'no stream' | 'task';

/**
 * What is found out about one HTTP exchange on its way: written by the doors, read by whoever watches them. Plain
 * fields, so that a call nobody watches pays next to nothing.
 */
export class VisitNotes {
  readonly startedAt = performance.now();
  door: Door | undefined = undefined;
  session: Session | undefined = undefined;
  /** What the client named as its session, where there is none that it may use. */
  lostSession: string | undefined = undefined;
  revision: Revision | undefined = undefined;
  /** The parsed body. */
  body: unknown = undefined;
  /** The method of the first message; `response` for one. */
  method: string | undefined = undefined;
  /** Which tool it calls. */
  tool: string | undefined = undefined;
  messages = 0;
  /** Calls that came in by this exchange and have not ended. */
  pending = 0;
  /** The last of its calls to end. */
  callMs: number | undefined = undefined;
  response: Response | undefined = undefined;
  cause: AbortCause | undefined = undefined;
  answeredOn: AnsweredOn | undefined = undefined;
  /** The stream this exchange became. */
  stream: StreamFacts | undefined = undefined;
  streamEnded: StreamEnded | undefined = undefined;
  /** The events of a stream whose every word was known before it began, and which was written at once. */
  frames = 0;
  /** Whether its client took nothing of what was written at once, for too long. */
  isStalled = false;
  /** Why it was refused, in our own words. */
  refusal: Error | undefined = undefined;
  isClosed = false;
  /** Whether it has been told of. */
  isTold = false;

  constructor(readonly res: ServerResponse) {}

  /** Of the request. */
  get headers(): IncomingHttpHeaders {
    return this.res.req.headers;
  }

  /** Notes what came in the body. */
  read(messages: readonly Message[]): void {
    const [first] = messages;
    this.messages = messages.length;
    if (first === undefined) return;
    if (!('method' in first)) {
      this.method = 'response';
      return;
    }
    this.method = first.method;
    const name = first.method === 'tools/call' ? first.params?.name : undefined;
    if (typeof name === 'string') this.tool = name;
  }
}
