import type { EventLog } from '../transports/event-log.js';
import { MAIN_STREAM } from '../transports/event-id.js';
import type { Session } from '../transports/session.js';
import { shortenSessionId } from '../transports/session-id.js';
import type { SessionRecord } from '../transports/session-store.js';
import type { SseWriter } from '../transports/sse-writer.js';
import { clip } from './clip.js';
import { Diagnosis, type DiagnosisName } from './diagnosis.js';
import { round } from './exchange-entry.js';
import type { Timeline, TimelineItem } from './timeline.js';

const LAST_EVENTS = 3;

export type MainStream = 'open' | 'lost' | 'never opened';

/** A live session as its operator sees it. Nothing in it is enough to use the session. */
export interface SessionSummary {
  /** Shortened. */
  readonly id: string;
  /** Those that hold it in memory, where there may be several. */
  readonly instances?: readonly string[];
  readonly door: string;
  readonly revision: string | undefined;
  readonly principal: string | undefined;
  readonly client: { readonly name: string | undefined; readonly version: string | undefined } | undefined;
  /** In ms since the epoch. */
  readonly createdAt: number;
  readonly ageMs: number;
  readonly idleMs: number;
  /** Its own stream, the one that belongs to no request. */
  readonly stream: MainStream;
  readonly streams: readonly object[];
  /** Events that wait for a reader. */
  readonly queued: number;
  /** Messages that were not sent, because it never opened the stream they would have come on. */
  readonly unheard: number;
  readonly calls: readonly object[];
  readonly last: readonly TimelineItem[];
  readonly diagnosis: DiagnosisName | undefined;
}

export function summarize(session: Session, log: EventLog, timeline: Timeline): SessionSummary {
  const now = performance.now();
  return {
    ...introduce(session),
    idleMs: session.isBusy ? 0 : Math.round(now - session.lastUsedAt),
    stream: mainStreamOf(session),
    streams: [...session.writers.values()].map((writer) => describeStream(writer, now)),
    queued: log.queued?.(session.id) ?? 0,
    unheard: session.unheard,
    calls: [...session.calls].map(({ request, startedAt, exchangeId }) => ({
      method: clip(request.method),
      tool: request.method === 'tools/call' ? clip(textOf(request.params?.name)) : undefined,
      requestId: exchangeId,
      ms: round(now - startedAt),
    })),
    last: timeline.of(session.id).slice(-LAST_EVENTS),
    diagnosis: session.unheard > 0 && !session.hasMainStream ? Diagnosis.neverOpened : undefined,
  };
}

/** One that no instance holds in memory: what is kept of it. */
export function summarizeKept(record: SessionRecord, idleMs: number): SessionSummary {
  return {
    ...introduce(record),
    instances: [],
    idleMs: Math.max(0, Math.round(idleMs)),
    stream: record.hasMainStream ? 'lost' : 'never opened',
    streams: [],
    queued: 0,
    unheard: 0,
    calls: [],
    last: [],
    diagnosis: undefined,
  };
}

/** One session as several instances see it. */
export function mergeSummaries(one: SessionSummary, other: SessionSummary): SessionSummary {
  const [stream] = (['open', 'lost', 'never opened'] as const).filter((state) =>
    [one.stream, other.stream].includes(state),
  );
  return {
    ...one,
    instances: [...(one.instances ?? []), ...(other.instances ?? [])],
    revision: one.revision ?? other.revision,
    client: one.client ?? other.client,
    ageMs: Math.max(one.ageMs, other.ageMs),
    idleMs: Math.min(one.idleMs, other.idleMs),
    stream: stream ?? one.stream,
    streams: [...one.streams, ...other.streams],
    queued: one.queued + other.queued,
    unheard: Math.max(one.unheard, other.unheard),
    calls: [...one.calls, ...other.calls],
    last: [...one.last, ...other.last].sort((a, b) => a.at - b.at).slice(-LAST_EVENTS),
    diagnosis: stream === 'never opened' ? (one.diagnosis ?? other.diagnosis) : undefined,
  };
}

/** Whether the session's own stream is there. */
export function mainStreamOf(session: Session): MainStream {
  if (session.writers.has(MAIN_STREAM)) return 'open';
  return session.hasMainStream ? 'lost' : 'never opened';
}

function introduce({ id, door, isInitialized, revision, principal, client: { info }, createdAt }: SessionRecord) {
  return {
    id: shortenSessionId(id),
    door,
    revision: isInitialized ? revision : undefined,
    principal: principal.isAnonymous ? undefined : principal.id,
    client: info === undefined ? undefined : { name: clip(info.name), version: clip(info.version) },
    createdAt,
    ageMs: Date.now() - createdAt,
  };
}

function describeStream({ facts, openedAt, events, bytes, unsentBytes }: SseWriter, now: number): object {
  return { kind: facts.kind, requestId: facts.exchangeId, ms: round(now - openedAt), events, bytes, unsentBytes };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
