import type { Request, Response } from 'express';
import { isObject } from '../protocol/json-rpc.js';
import { admissionOf } from '../routes/visit-of.js';
import { HttpError } from '../transports/http.js';
import { parseSessionId, shortenSessionId } from '../transports/session-id.js';
import type { Door, StreamEnd, StreamFacts } from '../transports/observer.js';
import type { AnsweredOn, VisitNotes } from '../transports/visit-notes.js';
import { clip } from './clip.js';
import { diagnose, type DiagnosisName, isBroken } from './diagnosis.js';
import { refusalOf } from './refusal.js';

/**
 * One HTTP exchange as it is logged and kept: plain values, nothing that is private, nothing that keeps a session
 * alive. All entries have one shape, and what does not apply is `undefined`.
 */
export interface ExchangeEntry {
  /** When it was over, in ms since the epoch. */
  readonly time: number;
  readonly requestId: string | undefined;
  /** Shortened. */
  readonly session: string | undefined;
  readonly principal: string | undefined;
  readonly door: string | undefined;
  readonly revision: string | undefined;
  readonly verb: string;
  /** Without the query: it may name a session. */
  readonly path: string;
  /** The JSON-RPC method; the first of a batch. */
  readonly method: string | undefined;
  readonly tool: string | undefined;
  /** How many messages came in one body, where it was more than one. */
  readonly batch: number | undefined;
  /** `undefined` when the client left before there was one. */
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly hasSessionHeader: boolean;
  readonly hasVersionHeader: boolean;
  /** How the call ended: `ok`, `tool error`, an error code, or why there is no answer. */
  readonly outcome: string | undefined;
  readonly ms: number;
  readonly bytes: number;
  readonly stream: StreamFacts['kind'] | undefined;
  readonly streamId: string | undefined;
  readonly events: number | undefined;
  readonly ended: StreamEnd | 'client left' | undefined;
  /** What the client had not taken of a stream when it ended. */
  readonly unsentBytes: number | undefined;
  /** Of the call alone, where the exchange lasts longer or was over before it. */
  readonly callMs: number | undefined;
  readonly answeredOn: AnsweredOn | undefined;
  readonly refused: string | undefined;
  readonly error: string | undefined;
  readonly diagnosis: DiagnosisName | undefined;
  readonly detail: string | undefined;
}

export function toEntry(notes: VisitNotes, detail: string | undefined): ExchangeEntry {
  const res = notes.res as Response;
  const { req } = res;
  const { headers, session, streamEnded, stream } = notes;
  const admission = admissionOf(res);
  const { principal } = admission ?? {};
  const sessionId = session?.id ?? notes.lostSession;
  return {
    time: Date.now(),
    requestId: admission?.exchangeId,
    session: session?.shortId ?? (sessionId === undefined ? undefined : shortenSessionId(sessionId)),
    principal: principal?.isAnonymous === false ? principal.id : undefined,
    door: notes.door,
    revision: notes.revision ?? (session?.isInitialized === true ? session.revision : undefined),
    verb: req.method,
    path: pathOf(req),
    method: nameOf(notes.method ?? methodOf(notes.body), sessionId),
    tool: nameOf(notes.tool, sessionId),
    batch: notes.messages > 1 ? notes.messages : undefined,
    status: res.headersSent ? res.statusCode : undefined,
    type: contentType(res),
    hasSessionHeader: headers['mcp-session-id'] !== undefined,
    hasVersionHeader: headers['mcp-protocol-version'] !== undefined,
    outcome: outcomeOf(notes),
    ms: round(performance.now() - notes.startedAt),
    bytes: streamEnded?.bytes ?? bytesOf(res),
    stream: stream?.kind ?? (notes.frames > 0 ? 'post' : undefined),
    streamId: stream?.id ?? (notes.frames > 0 ? admission?.exchangeId : undefined),
    events: streamEnded?.events ?? (notes.frames > 0 ? notes.frames : undefined),
    ended: endOf(notes),
    unsentBytes: streamEnded === undefined || streamEnded.unsentBytes === 0 ? undefined : streamEnded.unsentBytes,
    callMs: isOwnTime(notes) ? round(notes.callMs ?? 0) : undefined,
    answeredOn: notes.answeredOn,
    refused: notes.refusal === undefined ? undefined : refusalOf(notes.refusal),
    error: errorOf(notes, sessionId),
    diagnosis: diagnose(notes),
    detail,
  };
}

/** Whether an entry belongs to a door, or tells of somebody who did not get that far. */
export function isOfInterest(entry: ExchangeEntry): boolean {
  return entry.door !== undefined || entry.refused !== undefined;
}

/** How a call ended, in a word. */
export function outcomeOf({
  response,
  cause,
  pending,
  callMs,
}: Pick<VisitNotes, 'response' | 'cause' | 'pending' | 'callMs'>): string | undefined {
  if (cause !== undefined) return cause;
  if (response === undefined) return pending > 0 && callMs === undefined ? 'pending' : undefined;
  if ('error' in response) return `error ${response.error.code}`;
  return (response.result as { isError?: unknown }).isError === true ? 'tool error' : 'ok';
}

function isOwnTime({ callMs, stream, answeredOn }: VisitNotes): boolean {
  return callMs !== undefined && (stream !== undefined || answeredOn !== undefined);
}

/** The session a request says it is of; `undefined` for what cannot be one. */
export function sessionNamedIn({ req }: Response, door: Door): string | undefined {
  const { 'mcp-session-id': header } = req.headers;
  const query = door === 'legacy' ? queryOf(req) : undefined;
  const said = query === undefined ? header : (query.get('session_id') ?? query.get('sessionId'));
  return typeof said === 'string' ? (parseSessionId(said) ?? said) : undefined;
}

/** What the timeline of a session is filed under. */
export function sessionKeyOf({ session, lostSession }: VisitNotes): string | undefined {
  return session?.id ?? lostSession;
}

export function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

// A session whose id its client chose itself may be called anything, and so may a method.
function nameOf(name: string | undefined, sessionId: string | undefined): string | undefined {
  return name !== undefined && name === sessionId ? shortenSessionId(name) : clip(name);
}

// Our own words are told as they are; what answers a call may repeat what its client had written.
function errorOf({ refusal, response }: VisitNotes, sessionId: string | undefined): string | undefined {
  if (refusal instanceof HttpError) return refusal.message;
  if (response === undefined || !('error' in response)) return undefined;
  const { message } = response.error;
  return clip(sessionId === undefined ? message : message.replaceAll(sessionId, shortenSessionId(sessionId)));
}

function queryOf({ originalUrl }: Request): URLSearchParams {
  const start = originalUrl.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : originalUrl.slice(start));
}

function pathOf({ originalUrl }: Request): string {
  const end = originalUrl.indexOf('?');
  return clip(end < 0 ? originalUrl : originalUrl.slice(0, end));
}

// What was refused before it was read as a message still says what it wanted.
function methodOf(body: unknown): string | undefined {
  const method = isObject(body) ? body.method : undefined;
  return typeof method === 'string' ? method : undefined;
}

function endOf(notes: VisitNotes): ExchangeEntry['ended'] {
  const { res, streamEnded, frames, isStalled } = notes;
  if (streamEnded !== undefined) return streamEnded.reason;
  if (isStalled) return 'stalled';
  if (!res.writableFinished) return 'client left';
  if (isBroken(notes)) return 'connection lost';
  return frames > 0 ? 'complete' : undefined;
}

// Of the body; what answers HEAD has none, whatever it says of the length.
function bytesOf(res: Response): number {
  return res.req.method === 'HEAD' ? 0 : Number(res.getHeader('Content-Length')) || 0;
}

function contentType(res: Response): string | undefined {
  const type = res.getHeader('Content-Type');
  if (typeof type !== 'string') return undefined;
  const end = type.indexOf(';');
  return end < 0 ? type : type.slice(0, end);
}
