import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { MAIN_STREAM } from '../transports/event-id.js';
import type { EventLog } from '../transports/event-log.js';
import type { SseWriter } from '../transports/sse-writer.js';
import type { Arrivals } from './arrivals.js';

/** How long clients may take for what they are still owed when all calls are over. */
const DELIVERY_MS = 2000;
/** How long connections may take to end by themselves. */
const LINGER_MS = 1000;
const LOOK_MS = 10;
/**
 * How long a connection may be open without having said a word. A proxy's has a request on its way, which must be read
 * to be refused: one that is cut may have begun, and nobody dares to send it again.
 */
const SILENCE_MS = 1000;
/** For how long nobody must have come, where balancers learn from refusals that there is nobody here any more. */
const QUIET_MS = 500;
/** How long that is tried at least, also where calls have taken all the time there was. */
const LAST_TRY_MS = 1500;
/** How long a moment is looked for in which nobody comes, where nobody can learn anything. */
const MOMENT_MS = 500;

/** Resolves when whoever is connected has got what the log holds for it, or has had its time. */
export async function delivered(streams: Iterable<SseWriter>, log: EventLog): Promise<void> {
  const giveUpAt = performance.now() + DELIVERY_MS;
  while ([...streams].some((writer) => isOwed(writer, log)) && performance.now() < giveUpAt) await setTimeout(LOOK_MS);
}

export interface Departure {
  /** Whether there are others whom those who come can be served by. */
  readonly hasOthers: boolean;
  /** Until when they are still told that this server goes. */
  readonly until: number;
}

/**
 * Stops listening, and ends every connection: those at rest at once, the others when they had their time. Where others
 * are there, it first turns away whoever comes until nobody does: who is refused by a word goes elsewhere, but who is
 * cut off by a port that closes cannot tell whether something has begun.
 */
export async function closeServer(server: Server, arrivals: Arrivals, { hasOthers, until }: Departure): Promise<void> {
  const now = performance.now();
  if (hasOthers) await arrivals.quiet(QUIET_MS, Math.max(until, now + LAST_TRY_MS));
  else await arrivals.quiet(0, now + MOMENT_MS);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // One that has just been answered is at rest only now.
  const look = setInterval(() => {
    server.closeIdleConnections();
    arrivals.endSilent(SILENCE_MS);
  }, LOOK_MS);
  const end = globalThis.setTimeout(() => server.closeAllConnections(), LINGER_MS);
  await closed;
  clearInterval(look);
  clearTimeout(end);
}

// A stream of a request ends by itself when its response is written; the session's own never does.
function isOwed({ facts: { kind, session } }: SseWriter, log: EventLog): boolean {
  if (kind === 'post' || kind === 'resumed') return true;
  return session !== undefined && (log.queued?.(session.id, MAIN_STREAM) ?? 0) > 0;
}
