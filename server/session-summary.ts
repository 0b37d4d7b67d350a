import type { EventLog } from '../transports/event-log.js';
import { MAIN_STREAM } from '../transports/event-id.js';
import type { Session } from '../transports/session.js';
import { shortenSessionId } from '../transports/session-id.js';
import type { SseWriter } from '../transports/sse-writer.js';
import { Diagnosis } from './diagnosis.js';
import { clip, round } from './exchange-entry.js';
import type { Timeline } from './timeline.js';

const LAST_EVENTS = 3;

/** A live session as its operator sees it. Nothing in it is enough to use the session. */
export function summarize(session: Session, log: EventLog, timeline: Timeline): object {
  const now = performance.now();
  const { info } = session.client;
  return {
    id: shortenSessionId(session.id),
    door: session.door,
    revision: session.isInitialized ? session.revision : undefined,
    principal: session.principal.isAnonymous ? undefined : session.principal.id,
    client: info === undefined ? undefined : { name: clip(info.name), version: clip(info.version) },
    ageMs: Date.now() - session.createdAt,
    idleMs: session.isBusy ? 0 : Math.round(now - session.lastUsedAt),
    stream: mainStreamOf(session),
    streams: [...session.writers.values()].map((writer) => describeStream(writer, now)),
    queued: log.queued?.(session.id),
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

/** Whether the session's own stream, the one that belongs to no request, is there. */
export function mainStreamOf(session: Session): 'open' | 'lost' | 'never opened' {
  if (session.writers.has(MAIN_STREAM)) return 'open';
  return session.hasMainStream ? 'lost' : 'never opened';
}

function describeStream({ facts, openedAt, events, bytes, unsentBytes }: SseWriter, now: number): object {
  return { kind: facts.kind, requestId: facts.exchangeId, ms: round(now - openedAt), events, bytes, unsentBytes };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
