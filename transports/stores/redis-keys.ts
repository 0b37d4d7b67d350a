import type { RedisConnection } from './redis-connection.js';

export interface SessionKeys {
  /** What the session is. */
  readonly record: string;
  /** What it has set and subscribed to. */
  readonly wishes: string;
  /** Its window of events, of all its streams. */
  readonly events: string;
  /** How far each stream is, who carries the main one, and up to where it was carried. */
  readonly meta: string;
  /** The calls whose response is still owed, and the instance that owes it. */
  readonly calls: string;
  /** That it was ended, and did not just expire or get lost. */
  readonly grave: string;
  /** Where its events and signals are announced. */
  readonly channel: string;
}

/** The keys of one session. */
export function keysOf(redis: RedisConnection, id: string): SessionKeys {
  const key = (kind: string): string => redis.key(kind, id);
  return {
    record: key('s'),
    wishes: key('w'),
    events: key('e'),
    meta: key('m'),
    calls: key('c'),
    grave: key('x'),
    channel: redis.channel('ch', id),
  };
}
