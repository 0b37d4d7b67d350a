import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { MAIN_STREAM } from '../transports/event-id.js';
import type { EventLog } from '../transports/event-log.js';
import type { SseWriter } from '../transports/sse-writer.js';

/** How long clients may take for what they are still owed when all calls are over. */
const DELIVERY_MS = 2000;
/** How long connections may take to end by themselves. */
const LINGER_MS = 1000;
const LOOK_MS = 10;
/** How long a connection may be open without having said a word. */
const SILENCE_MS = 150;
/** How long a moment is looked for in which nobody comes. */
const QUIET_MS = 500;

const sockets = new WeakMap<Server, Set<Socket>>();

/** Remembers a server's connections, so that `closeServer` can tell which never said a word. */
export function trackSockets(server: Server): void {
  const open = new Set<Socket>();
  sockets.set(server, open);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

/** Resolves when whoever is connected has got what the log holds for it, or has had its time. */
export async function delivered(streams: Iterable<SseWriter>, log: EventLog): Promise<void> {
  const giveUpAt = performance.now() + DELIVERY_MS;
  while ([...streams].some((writer) => isOwed(writer, log)) && performance.now() < giveUpAt) await setTimeout(LOOK_MS);
}

/** Stops listening, and ends every connection: those at rest at once, the others when they had their time. */
export async function closeServer(server: Server): Promise<void> {
  await quietMoment(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // One that has just been answered is at rest only now.
  const look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  // Clients open spare connections that never say a word; Node does not count those as idle. A proxy's have a request on
  // its way, which must be read to be refused: one that is cut may have begun, and nobody dares to send it again.
  const silent = globalThis.setTimeout(() => {
    for (const socket of sockets.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
  }, SILENCE_MS);
  const end = globalThis.setTimeout(() => server.closeAllConnections(), LINGER_MS);
  await closed;
  clearInterval(look);
  clearTimeout(end);
  clearTimeout(silent);
}

/**
 * Resolves when nobody waits to be let in: who does when the port is closed has sent a request that is cut off unread.
 * Not for ever: where somebody always does, a moment between two is all there is.
 */
async function quietMoment(server: Server): Promise<void> {
  let hasComeIn = true;
  const onConnection = (): void => {
    hasComeIn = true;
  };
  server.on('connection', onConnection);
  const giveUpAt = performance.now() + QUIET_MS;
  for (let tookMs = Infinity; (hasComeIn || tookMs > 1) && performance.now() < giveUpAt;) {
    hasComeIn = false;
    const before = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    tookMs = performance.now() - before;
  }
  server.off('connection', onConnection);
}

// A stream of a request ends by itself when its response is written; the session's own never does.
function isOwed({ facts: { kind, session } }: SseWriter, log: EventLog): boolean {
  if (kind === 'post' || kind === 'resumed') return true;
  return session !== undefined && (log.queued?.(session.id, MAIN_STREAM) ?? 0) > 0;
}
