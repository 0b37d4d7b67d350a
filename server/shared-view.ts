import type { SessionList, SessionStory, TimelineList } from '../routes/debug.js';
import type { Gathered } from '../transports/stores/redis-peers.js';
import type { KeptSession } from '../transports/session-store.js';
import { byTime, MAX_LATEST, MAX_LISTED, type Told, type View } from './debug-view.js';
import type { EventRelay, Wire } from './event-relay.js';
import { mergeSummaries, type SessionSummary, summarizeKept } from './session-summary.js';

/** The other instances, and what is kept of all sessions. Each rejects with a 503 when that cannot be reached. */
export interface Others extends Wire {
  readonly instance: string;
  ask(question: Question): Promise<Gathered>;
  answerWith(answer: (question: unknown) => Promise<unknown>): void;
  /** The sessions that are kept longest from now. */
  sessions(limit: number): Promise<readonly KeptSession[]>;
  count(): Promise<number>;
  /** How long after it was last used such a session is kept, in ms. */
  lifeOf(door: KeptSession['record']['door']): number;
}

export type Question =
  { readonly about: 'sessions' | 'exchanges' | 'timeline' } | { readonly about: 'session'; readonly id: string };

type List = SessionList<SessionSummary>;
type Story = SessionStory<SessionSummary, Told>;

/**
 * What there is to see of all instances together, the same at each of them. What cannot be asked is left out and said
 * to be missing: an operator looks when things go wrong.
 */
export function createSharedView(own: View, others: Others, relay: EventRelay): View {
  others.answerWith((question) => answer(own, question as Question));

  async function gather<T>(question: Question, mine: T): Promise<{ all: T[]; isPartial: boolean }> {
    try {
      const { answers, isComplete } = await others.ask(question);
      const known = [{ from: others.instance, answer: mine }, ...answers.filter(({ answer }) => answer != null)];
      const inOrder = known.sort((one, other) => (one.from < other.from ? -1 : 1));
      return { all: inOrder.map(({ answer }) => answer as T), isPartial: !isComplete };
    } catch {
      return { all: [mine], isPartial: true };
    }
  }

  async function timelineOf(about: 'exchanges' | 'timeline'): Promise<TimelineList<Told>> {
    const { all, isPartial } = await gather({ about }, await own[about]());
    return { ...partly(isPartial), timeline: merge(all) };
  }

  return {
    async sessions(): Promise<List> {
      const mine = await own.sessions();
      const [{ all, isPartial }, kept, count] = await Promise.all([
        gather({ about: 'sessions' }, mine),
        keptSessions(),
        others.count().catch(() => undefined),
      ]);
      const held = all.flatMap(({ sessions }) => sessions);
      const sessions = mergeAll([...held, ...(kept ?? [])])
        .sort((one, other) => one.idleMs - other.idleMs)
        .slice(0, MAX_LISTED);
      return { ...partly(isPartial || kept === undefined), count: count ?? sessions.length, sessions };
    },
    async session(id): Promise<Story | undefined> {
      const { all, isPartial } = await gather<Story | undefined>({ about: 'session', id }, await own.session(id));
      const stories = all.filter((story) => story !== undefined);
      const held = stories.flatMap(({ sessions }) => sessions);
      const kept = held.length > 0 ? [] : ((await keptSessions()) ?? []).filter((session) => session.id === id);
      // Where not everybody could be asked, nobody can say that nothing is known.
      if (stories.length === 0 && kept.length === 0 && !isPartial) return undefined;
      return { ...partly(isPartial), id, sessions: mergeAll([...held, ...kept]), timeline: merge(stories) };
    },
    exchanges: () => timelineOf('exchanges'),
    timeline: () => timelineOf('timeline'),
    watch: (listener) => relay.watch(listener),
  };

  // `undefined` where they cannot be asked for.
  async function keptSessions(): Promise<SessionSummary[] | undefined> {
    const kept = await others.sessions(MAX_LISTED).catch(() => undefined);
    return kept?.map(({ record, expiresInMs }) => summarizeKept(record, others.lifeOf(record.door) - expiresInMs));
  }
}

/** A view whose words say which instance they are of. */
export function signedBy(instance: string, view: View): View {
  const signSession = (session: SessionSummary): SessionSummary => ({ ...session, instances: [instance] });
  const signItem = (item: Told): Told => ({ instance, ...item });
  return {
    async sessions() {
      const { count, sessions } = await view.sessions();
      return { count, sessions: sessions.map(signSession) };
    },
    async session(id) {
      const story = await view.session(id);
      if (story === undefined) return undefined;
      return { id, sessions: story.sessions.map(signSession), timeline: story.timeline.map(signItem) };
    },
    exchanges: async () => ({ timeline: (await view.exchanges()).timeline.map(signItem) }),
    timeline: async () => ({ timeline: (await view.timeline()).timeline.map(signItem) }),
    watch: (listener) => view.watch((item) => listener(signItem(item))),
  };
}

function answer(view: View, question: Question): Promise<unknown> {
  switch (question.about) {
    case 'sessions':
      return view.sessions();
    case 'session':
      return view.session(question.id);
    case 'exchanges':
      return view.exchanges();
    case 'timeline':
      return view.timeline();
  }
}

function mergeAll(summaries: readonly SessionSummary[]): SessionSummary[] {
  const merged = new Map<string, SessionSummary>();
  for (const summary of summaries) {
    // Of ten thousand sessions two may be shortened to the same.
    const key = `${summary.id} ${summary.door} ${summary.createdAt}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? summary : mergeSummaries(known, summary));
  }
  return [...merged.values()];
}

function merge(lists: readonly TimelineList<Told>[]): Told[] {
  return lists
    .flatMap(({ timeline }) => timeline)
    .sort(byTime)
    .slice(-MAX_LATEST);
}

function partly(isPartial: boolean): { isPartial?: true } {
  return isPartial ? { isPartial } : {};
}
