import type { RedisConnection } from './redis-connection.js';

export interface SessionKeys {
  /** What the session is. */
  readonly record: string;
  /** Its window of events, of all its streams. */
  readonly events: string;
  /** How far each stream is: last, evicted, closed. */
  readonly meta: string;
  /** The calls whose response is still owed, and the instance that owes it. */
  readonly calls: string;
  /** Where its events and signals are announced. */
  readonly channel: string;
}

/** The keys of one session; the braces keep them together where Redis is a cluster. */
export function keysOf(redis: RedisConnection, id: string): SessionKeys {
  const key = (kind: string): string => redis.key(kind, `{${id}}`);
  return { record: key('s'), events: key('e'), meta: key('m'), calls: key('c'), channel: key('ch') };
}
