import type { DebugView } from '../routes/debug.js';
import type { EventLog } from '../transports/event-log.js';
import type { Session } from '../transports/session.js';
import { shortenSessionId } from '../transports/session-id.js';
import type { Sessions } from '../transports/sessions.js';
import { summarize } from './session-summary.js';
import type { Timeline, TimelineItem } from './timeline.js';

export interface DebugViewParts {
  readonly sessions: Sessions;
  readonly log: EventLog;
  readonly timeline: Timeline;
}

/** How many sessions are told of at once, the ones used last first. */
const MAX_LISTED = 500;
const MAX_LATEST = 200;

/** What an operator sees: shortened ids, names, times; never a session id that could be used, never a token. */
export function createDebugView({ sessions, log, timeline }: DebugViewParts): DebugView {
  return {
    async sessions() {
      const newest = [...sessions].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
      return {
        count: sessions.size,
        sessions: newest.slice(0, MAX_LISTED).map((session) => summarize(session, log, timeline)),
      };
    },
    async session(shortened) {
      const live = find(sessions, shortened);
      const ids = timeline.find(shortened);
      if (live.length === 0 && ids.length === 0) return undefined;
      return {
        id: shortened,
        sessions: live.map((session) => summarize(session, log, timeline)),
        timeline: ids.flatMap((id) => timeline.of(id)).sort(byTime),
      };
    },
    exchanges: () => ({ timeline: timeline.of(undefined) }),
    timeline: () => ({ timeline: timeline.latest(MAX_LATEST).map(([id, item]) => tellOf(id, item)) }),
    watch: (listener) => timeline.watch((session, item) => listener(tellOf(session, item))),
  };
}

function tellOf(session: string | undefined, item: TimelineItem): object {
  return { session: session === undefined ? undefined : shortenSessionId(session), ...item };
}

function find(sessions: Iterable<Session>, shortened: string): Session[] {
  return [...sessions].filter(({ id }) => shortenSessionId(id) === shortened);
}

function byTime(one: TimelineItem, other: TimelineItem): number {
  return one.at - other.at;
}
