import type { DebugView, SessionList, SessionStory } from '../routes/debug.js';
import type { EventLog } from '../transports/event-log.js';
import type { Session } from '../transports/session.js';
import { shortenSessionId } from '../transports/session-id.js';
import type { Sessions } from '../transports/sessions.js';
import { type SessionSummary, summarize } from './session-summary.js';
import type { Timeline, TimelineItem } from './timeline.js';

export interface DebugViewParts {
  readonly sessions: Sessions;
  readonly log: EventLog;
  readonly timeline: Timeline;
}

/** What happened, and in which session. */
export interface Told extends TimelineItem {
  /** Shortened. */
  readonly session?: string | undefined;
  /** Where, when there is more than one. */
  readonly instance?: string;
}

/** How many sessions are told of at once, the ones used last first. */
export const MAX_LISTED = 500;
export const MAX_LATEST = 200;

/** What an operator sees: shortened ids, names, times; never a session id that could be used, never a token. */
export type View = DebugView<SessionSummary, Told>;

/** What there is to see of this instance. */
export function createDebugView({ sessions, log, timeline }: DebugViewParts): View {
  return {
    sessions(): Promise<SessionList<SessionSummary>> {
      const newest = [...sessions].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
      return Promise.resolve({
        count: sessions.size,
        sessions: newest.slice(0, MAX_LISTED).map((session) => summarize(session, log, timeline)),
      });
    },
    session(shortened): Promise<SessionStory<SessionSummary, Told> | undefined> {
      const live = find(sessions, shortened);
      const ids = timeline.find(shortened);
      if (live.length === 0 && ids.length === 0) return Promise.resolve(undefined);
      return Promise.resolve({
        id: shortened,
        sessions: live.map((session) => summarize(session, log, timeline)),
        timeline: ids.flatMap((id) => timeline.of(id)).sort(byTime),
      });
    },
    exchanges: () => Promise.resolve({ timeline: timeline.of(undefined) }),
    timeline: () => Promise.resolve({ timeline: timeline.latest(MAX_LATEST).map(([id, item]) => tellOf(id, item)) }),
    watch: (listener) => timeline.watch((session, item) => listener(tellOf(session, item))),
  };
}

/** Oldest first. */
export function byTime(one: TimelineItem, other: TimelineItem): number {
  return one.at - other.at;
}

function tellOf(session: string | undefined, item: TimelineItem): Told {
  return { session: session === undefined ? undefined : shortenSessionId(session), ...item };
}

function find(sessions: Iterable<Session>, shortened: string): Session[] {
  return [...sessions].filter(({ id }) => shortenSessionId(id) === shortened);
}
