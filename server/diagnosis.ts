/**
 * What went wrong between a client and us, in words that name it: the same in the log, in a timeline and on the page.
 * Drawn from what the transports saw; nothing here is a guess about what the client wanted.
 */
import { ErrorCode } from '../protocol/errors.js';
import { MODERN_REVISION } from '../protocol/versions.js';
import { HttpError } from '../transports/http.js';
import type { StreamEnded } from '../transports/observer.js';
import type { VisitNotes } from '../transports/visit-notes.js';

export const Diagnosis = {
  neverOpened: 'client never opened its stream',
  unknownSession: 'unknown session',
  otherStream: 'answered on another stream',
  noStream: 'answer has no stream to go to',
  stalled: 'reader stalled',
  behind: 'reader fell too far behind',
  cut: 'connection was cut',
  timeout: 'tool timed out',
  scope: 'token lacks a scope',
} as const;

export type DiagnosisName = (typeof Diagnosis)[keyof typeof Diagnosis];

/** What is wrong with an exchange that has ended; `undefined` for what went as it should. */
export function diagnose(notes: VisitNotes): DiagnosisName | undefined {
  if (notes.lostSession !== undefined) return Diagnosis.unknownSession;
  if (notes.cause === 'timeout') return Diagnosis.timeout;
  if (isScopeMissing(notes)) return Diagnosis.scope;
  if (notes.answeredOn === 'no stream') return Diagnosis.noStream;
  // The legacy door knows no other way; on the modern one a client that reads its POST waits in vain.
  if (notes.answeredOn === 'session stream' && notes.door === 'streamable') return Diagnosis.otherStream;
  if (notes.streamEnded !== undefined) return diagnoseStream(notes, notes.streamEnded);
  if (notes.isStalled) return Diagnosis.stalled;
  if (isBroken(notes)) return Diagnosis.cut;
  // Whoever asks in a handshake revision cancels in words, so one that leaves without them was cut off.
  if (notes.isClosed && !notes.res.writableFinished && isOwed(notes)) return Diagnosis.cut;
  return undefined;
}

/** The scopes that a refused call would need. */
export function missingScopes({ response, refusal }: VisitNotes): readonly string[] | undefined {
  const refused = refusal instanceof HttpError ? refusal.extra.data : undefined;
  const data = response !== undefined && 'error' in response ? response.error.data : refused;
  return (data as { scopes?: readonly string[] } | undefined)?.scopes;
}

function isScopeMissing({ response, refusal }: VisitNotes): boolean {
  if (response !== undefined && 'error' in response) return response.error.code === ErrorCode.insufficientScope;
  return refusal instanceof HttpError && refusal.code === ErrorCode.insufficientScope;
}

function diagnoseStream(notes: VisitNotes, { reason, unsentBytes }: StreamEnded): DiagnosisName | undefined {
  switch (reason) {
    case 'stalled':
      return Diagnosis.stalled;
    case 'overrun':
      return Diagnosis.behind;
    // A client that hangs up before it has read everything breaks the connection too, so that alone says nothing.
    case 'connection lost':
    case 'client closed':
      return unsentBytes > 0 || isOwed(notes) ? Diagnosis.cut : undefined;
    default:
      return undefined;
  }
}

/** Whether the connection was lost when the whole answer was written, and part of it not yet taken. */
export function isBroken({ isClosed, res }: VisitNotes): boolean {
  return isClosed && res.writableFinished && res.req.socket.errored != null;
}

/** Whether the client left while an answer was still to come on this stream. */
function isOwed({ stream, session, revision, pending }: VisitNotes): boolean {
  // Closing the stream is how a client of 2026-07-28 cancels ("Cancellation").
  if (revision === MODERN_REVISION) return false;
  return stream?.kind === 'legacy' ? (session?.calls.size ?? 0) > 0 : pending > 0;
}
