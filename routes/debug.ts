import type { RequestHandler, Router } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { formatEvent } from '../protocol/sse.js';
import { HttpError, sendJson } from '../transports/http.js';
import type { Observer } from '../transports/observer.js';
import { SseWriter, type StreamSet, type WriterLimits } from '../transports/sse-writer.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';
import { visitOf } from './visit-of.js';

const METHODS = 'GET, HEAD, OPTIONS';

/** How much of what happens a watcher is told within that time. */
const MAX_PER_TICK = 50;
const TICK_MS = 100;

/** Something that happened. */
export interface Happening {
  readonly facts: { readonly diagnosis?: unknown };
}

/** Live sessions, the ones used last first. */
export interface SessionList<Summary> {
  /** How many there are; not all of many are listed. */
  readonly count: number;
  readonly sessions: readonly Summary[];
  /** Whether some instance did not say what it knows. */
  readonly isPartial?: boolean;
}

/** What happened, oldest first. */
export interface TimelineList<Item> {
  readonly timeline: readonly Item[];
  /** Whether some instance did not say what it knows. */
  readonly isPartial?: boolean;
}

/** One session: as it is, and what happened in it. */
export interface SessionStory<Summary, Item> extends TimelineList<Item> {
  readonly id: string;
  /** Empty when it has ended. */
  readonly sessions: readonly Summary[];
}

/** What an operator may look at. */
export interface DebugView<Summary extends object = object, Item extends Happening = Happening> {
  sessions(): Promise<SessionList<Summary>>;
  /** `undefined` when nothing is known of it. */
  session(id: string): Promise<SessionStory<Summary, Item> | undefined>;
  /** What came without a session. */
  exchanges(): Promise<TimelineList<Item>>;
  /** The latest of everything. */
  timeline(): Promise<TimelineList<Item>>;
  /** Hears of everything as it happens. @returns what ends it */
  watch(listener: (item: Item) => void): () => void;
}

/** What the live stream stands on. */
export interface DebugStreams {
  readonly limits: WriterLimits;
  readonly streams: StreamSet;
  readonly observer: Observer;
}

/** `/debug/…`: live sessions, what happened in them, and what happens now. For the operator alone. */
export function addDebugRoutes(
  router: Router,
  operatorOnly: RequestHandler,
  view: DebugView,
  streams: DebugStreams,
): void {
  const route = (path: string, handler: RequestHandler<{ id: string }>): void => {
    router
      .route(path)
      .options(preflight(METHODS))
      .get(operatorOnly, handler as RequestHandler)
      .all(methodNotAllowed(METHODS));
  };
  route('/debug/sessions', async (_req, res) => sendJson(res, 200, JSON.stringify(await view.sessions())));
  route('/debug/sessions/:id', async (req, res) => {
    const session = await view.session(req.params.id);
    if (session === undefined) throw new HttpError(404, ErrorCode.transport, 'Nothing is known of that session');
    sendJson(res, 200, JSON.stringify(session));
  });
  route('/debug/exchanges', async (_req, res) => sendJson(res, 200, JSON.stringify(await view.exchanges())));
  route('/debug/timeline', async (_req, res) => sendJson(res, 200, JSON.stringify(await view.timeline())));
  route('/debug/events', (req, res) => {
    if (req.method === 'HEAD') return void res.writeHead(200).end();
    const { exchangeId, notes } = visitOf(req, res);
    follow(new SseWriter(res, { kind: 'debug', id: exchangeId, session: undefined, exchangeId, notes }, streams), view);
  });
}

/**
 * Writes what happens as it happens. A watcher that falls behind, or more than a person can follow, must not cost those
 * who are watched: what is left out is counted and told. What went wrong is not left out for being much.
 */
function follow(writer: SseWriter, view: DebugView): void {
  let isBehind = false;
  let shown = 0;
  let missed = 0;
  let timer: NodeJS.Timeout | undefined;
  writer.open(': watching\n\n');
  if (!writer.isOpen) return;

  function write(item: object): void {
    const written = writer.write(formatEvent(JSON.stringify(item)), 'message');
    if (written === undefined) return;
    isBehind = true;
    void written.then(() => (isBehind = false));
  }

  function nextTick(): void {
    timer = undefined;
    shown = 0;
    if (missed === 0) return;
    if (isBehind) timer = setTimeout(nextTick, TICK_MS).unref();
    else {
      write({ at: Date.now(), event: 'missed', facts: { missed } });
      missed = 0;
    }
  }

  const unwatch = view.watch((item) => {
    timer ??= setTimeout(nextTick, TICK_MS).unref();
    shown += 1;
    if (isBehind || (shown > MAX_PER_TICK && item.facts.diagnosis === undefined)) missed += 1;
    else write(item);
  });
  writer.onEnd(() => {
    unwatch();
    clearTimeout(timer);
  });
}
