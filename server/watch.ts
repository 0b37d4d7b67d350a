import type { ErrorRequestHandler, Response } from 'express';
import { ANONYMOUS } from '../protocol/call.js';
import type { Request } from '../protocol/json-rpc.js';
import { admissionOf, notesOf, takeNotes } from '../routes/visit-of.js';
import type { EventKind } from '../transports/event-log.js';
import type { Exchange } from '../transports/exchange.js';
import type { CallEnded, CloseReason, Observer, StreamEnded, StreamFacts } from '../transports/observer.js';
import type { Session } from '../transports/session.js';
import { shortenSessionId } from '../transports/session-id.js';
import { VisitNotes } from '../transports/visit-notes.js';
import type { RefusedConnection } from './broken-request.js';
import { clip } from './clip.js';
import { Diagnosis, missingScopes } from './diagnosis.js';
import {
  type ExchangeEntry,
  isOfInterest,
  outcomeOf,
  round,
  sessionKeyOf,
  sessionNamedIn,
  toEntry,
} from './exchange-entry.js';
import type { ExchangeLog } from './exchange-log.js';
import type { Metrics } from './metrics.js';
import { refusalOf, refusalOfStatus } from './refusal.js';
import { mainStreamOf } from './session-summary.js';
import type { Timeline } from './timeline.js';
import type { Tracing } from './tracing.js';

export interface WatchParts {
  readonly log: ExchangeLog;
  readonly metrics: Metrics;
  readonly timeline: Timeline;
  readonly tracing: Tracing;
  readonly onFault: (error: unknown, where: string) => void;
  /** The session of that id, whoever's it is, where this instance holds it. */
  readonly heldSession: (id: string) => Session | undefined;
}

/** Sees every exchange from its first byte to its end, and tells the log, the figures, the timeline and the traces. */
export class Watch implements Observer {
  readonly #parts: WatchParts;
  /** One for all responses. */
  readonly #onClose: (this: Response) => void;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const closed = (res: Response): void => this.#closed(res);
    this.#onClose = function onClose() {
      closed(this);
    };
  }

  /** Begins to watch an exchange. To come before everything else, so that it sees what the others turn away. */
  begin(res: Response): void {
    takeNotes(res, new VisitNotes(res));
    res.on('close', this.#onClose);
  }

  /** To be the first of the error handlers: notes why a request is refused, and lets the next one answer. */
  refusals(): ErrorRequestHandler {
    return function noteRefusal(error: unknown, _req, res, next) {
      const notes = notesOf(res);
      if (notes !== undefined) notes.refusal = error instanceof Error ? error : new Error(String(error));
      next(error);
    };
  }

  /** Somebody was answered who had sent no request. */
  connectionRefused({ requestId, status, error }: RefusedConnection): void {
    const { log, metrics, timeline } = this.#parts;
    const facts = { requestId, status, refused: refusalOfStatus(status), error };
    metrics.response(undefined, status);
    metrics.refusals.add(facts.refused);
    log.session(facts, 'broken request');
    timeline.add(undefined, 'broken request', facts);
  }

  sessionOpened(session: Session): void {
    this.#parts.metrics.sessionsOpened.add(session.door);
    this.#parts.timeline.tell(session.id, 'session opened', { door: session.door });
  }

  sessionClosed(session: Session, reason: CloseReason): void {
    const { log, metrics, timeline } = this.#parts;
    metrics.sessionClosed(session.door, reason);
    const diagnosis = session.unheard > 0 && !session.hasMainStream ? Diagnosis.neverOpened : undefined;
    const stream = mainStreamOf(session);
    const facts = { reason, ageMs: Date.now() - session.createdAt, stream, unheard: session.unheard, diagnosis };
    timeline.add(session.id, 'session closed', facts);
    // A client that says goodbye is told of in the line of its DELETE.
    if (reason !== 'deleted' || diagnosis !== undefined) {
      log.session({ session: session.shortId, door: session.door, ...facts }, 'session closed');
    }
  }

  unheard(session: Session, method: string): void {
    const facts = { method, diagnosis: Diagnosis.neverOpened };
    this.#parts.metrics.diagnoses.add(facts.diagnosis);
    this.#parts.timeline.add(session.id, 'not sent', facts);
    this.#parts.log.session({ session: session.shortId, door: session.door, ...facts }, 'not sent');
  }

  streamOpened(stream: StreamFacts): void {
    const { metrics, timeline } = this.#parts;
    stream.notes.stream = stream;
    metrics.streamsOpened.add(stream.kind);
    if (stream.kind === 'debug') return;
    const id = stream.session?.id;
    if (id !== undefined && stream.kind !== 'post') this.#cameBack(id, stream);
    timeline.tell(id, 'stream opened', { kind: stream.kind, streamId: stream.id, requestId: stream.exchangeId });
  }

  streamEnded(stream: StreamFacts, end: StreamEnded): void {
    this.#parts.metrics.streamEnded(stream.kind, end);
    stream.notes.streamEnded = end;
    this.#tell(stream.notes);
  }

  eventWritten({ kind, session, exchangeId }: StreamFacts, _event: EventKind, waitedMs: number, frame: string): void {
    if (kind === 'debug') return;
    this.#parts.metrics.eventWritten(waitedMs);
    this.#parts.log.event(session?.shortId, exchangeId, frame);
  }

  callStarted(call: Exchange, request: Request): void {
    this.#parts.tracing.start(call, request);
    call.notes.revision ??= call.revision;
    if (!this.#parts.timeline.isWatched) return;
    const { tool } = call.notes;
    const facts = { requestId: call.exchangeId, method: clip(request.method), tool: clip(tool) };
    this.#parts.timeline.tell(call.notes.session?.id, 'call started', facts);
  }

  callLate({ notes }: Exchange): void {
    if (notes.isClosed) this.#tell(notes);
  }

  callFinished(call: Exchange, request: Request, end: CallEnded): void {
    const { metrics, tracing } = this.#parts;
    metrics.call(request, end);
    tracing.end(call, end);
    const { notes } = call;
    notes.callMs = end.ms;
    // What went wrong with one of a batch is not covered up by the next.
    if (notes.response === undefined || 'result' in notes.response) notes.response = end.response;
    notes.cause ??= end.cause;
    if (notes.isTold) this.#answered(call, request, end);
    else if (notes.isClosed && notes.pending === 0 && !isStreaming(notes)) this.#tell(notes);
  }

  storeAnswered(operation: string, ms: number, isOk: boolean): void {
    this.#parts.metrics.storeAnswered(operation, ms, isOk);
  }

  fault(error: unknown, where: string): void {
    this.#parts.metrics.faults += 1;
    this.#parts.onFault(error, where);
  }

  #closed(res: Response): void {
    const notes = notesOf(res);
    if (notes === undefined) return;
    notes.isClosed = true;
    // A stream tells of its end itself: it knows why.
    if (notes.stream !== undefined) return;
    // The answer of what was only accepted is still to come, and belongs into the same line if it comes soon.
    if (notes.pending > 0 && res.statusCode === 202) return;
    this.#tell(notes);
  }

  #tell(notes: VisitNotes): void {
    if (notes.isTold) return;
    notes.isTold = true;
    const { log, metrics, timeline } = this.#parts;
    if (notes.refusal !== undefined) notes.session ??= this.#meant(notes);
    const entry = toEntry(notes, this.#detailOf(notes));
    if (entry.status !== undefined) metrics.response(notes.door, entry.status);
    if (notes.refusal !== undefined) metrics.refusals.add(refusalOf(notes.refusal));
    if (entry.diagnosis !== undefined) metrics.diagnoses.add(entry.diagnosis);
    if (notes.frames > 0) this.#countFrames(entry);
    log.exchange(entry, notes);
    notes.body = undefined;
    if (isOfInterest(entry)) timeline.add(this.#lineOf(notes), 'exchange', entry, entry.time);
  }

  // The call outlived its exchange: a task, a slow legacy call, or one whose client has gone.
  #answered({ notes, exchangeId, revision }: Exchange, request: Request, { response, ms, cause }: CallEnded): void {
    const { session, answeredOn } = notes;
    const outcome = outcomeOf({ response, cause, pending: 0, callMs: ms });
    const diagnosis =
      cause === 'timeout' ? Diagnosis.timeout : answeredOn === 'no stream' ? Diagnosis.noStream : undefined;
    if (diagnosis !== undefined) this.#parts.metrics.diagnoses.add(diagnosis);
    const facts = {
      requestId: exchangeId,
      session: session?.shortId,
      door: notes.door,
      revision,
      method: clip(request.method),
      tool: clip(notes.tool),
      outcome,
      callMs: round(ms),
      answeredOn,
      diagnosis,
    };
    this.#parts.log.answer(facts);
    this.#parts.timeline.add(session?.id, 'answer', facts);
  }

  // A client that comes back to its stream did not leave: its connection was cut on the way.
  #cameBack(id: string, stream: StreamFacts): void {
    const { log, metrics, timeline } = this.#parts;
    const lost = timeline.of(id).findLast(({ facts }) => isEndOf(stream, facts));
    const ended = (lost?.facts as Ended | undefined)?.ended;
    const isResumed = stream.notes.headers['last-event-id'] !== undefined;
    // Who takes over a stream and does not say what was missed may just want a second one.
    const isCut = ended === 'client closed' || ended === 'connection lost' || (ended === 'taken over' && isResumed);
    if (!isResumed && !isCut) return;
    const facts = {
      requestId: stream.exchangeId,
      kind: stream.kind,
      streamId: stream.id,
      ended,
      afterMs: lost === undefined ? undefined : Date.now() - lost.at,
      diagnosis: isCut ? Diagnosis.cut : undefined,
    };
    if (facts.diagnosis !== undefined) metrics.diagnoses.add(facts.diagnosis);
    const event = isResumed ? 'stream resumed' : 'stream opened again';
    timeline.add(id, event, facts);
    log.session({ session: shortenSessionId(id), ...facts }, event);
  }

  // What was refused before its session was looked for still says which one it meant.
  #meant({ res, door, lostSession }: VisitNotes): Session | undefined {
    if (door === undefined || lostSession !== undefined) return undefined;
    const named = sessionNamedIn(res as Response, door);
    const session = named === undefined ? undefined : this.#parts.heldSession(named);
    const { principal = ANONYMOUS } = admissionOf(res as Response) ?? {};
    return session?.door === door && session.principal.id === principal.id ? session : undefined;
  }

  #countFrames({ ended, events = 0, bytes, ms }: ExchangeEntry): void {
    const { metrics } = this.#parts;
    metrics.streamsOpened.add('post');
    for (let event = 0; event < events; event += 1) metrics.eventWritten(0);
    const reason = ended === undefined || ended === 'client left' ? 'client closed' : ended;
    metrics.streamEnded('post', { reason, events, bytes, ms, unsentBytes: 0 });
  }

  #lineOf(notes: VisitNotes): string | undefined {
    const key = sessionKeyOf(notes);
    // Ids that peers make up get no line of their own.
    return notes.session === undefined && key !== undefined && this.#parts.timeline.lastOf(key) === undefined
      ? undefined
      : key;
  }

  #detailOf(notes: VisitNotes): string | undefined {
    const { lostSession } = notes;
    if (lostSession !== undefined) return this.#fateOf(lostSession);
    const scopes = missingScopes(notes);
    return scopes === undefined ? undefined : `needs ${scopes.join(' ')}`;
  }

  #fateOf(session: string): string {
    if (this.#parts.heldSession(session) !== undefined) return 'it belongs to another caller or door';
    const end = this.#parts.timeline.of(session).findLast(({ event }) => event === 'session closed');
    if (end === undefined) return 'it was never opened here, or long ago';
    const seconds = Math.round((Date.now() - end.at) / 1000);
    return `it ended ${seconds} s ago: ${(end.facts as { reason: string }).reason}`;
  }
}

interface Ended {
  readonly ended?: string | undefined;
  readonly streamId?: string | undefined;
}

function isEndOf(stream: StreamFacts, { ended, streamId }: Ended): boolean {
  return ended !== undefined && streamId === stream.id;
}

function isStreaming({ stream, streamEnded }: VisitNotes): boolean {
  return stream !== undefined && streamEnded === undefined;
}
