import type { LogLevel } from '../../protocol/mcp.js';
import type { Door } from '../observer.js';
import type { SessionChange, SessionFrame, SessionRecord } from '../session-store.js';

/** A session as it is kept: what seldom changes as one text, its wishes field by field, so that two can change them. */
interface StoredSession extends SessionFrame {
  readonly id: string;
  readonly door: Door;
  readonly principal: { readonly id: string; readonly isAnonymous: boolean };
  readonly createdAt: number;
}

/** What can change of a session, as it was at one time. */
export interface Snapshot {
  readonly frame: string;
  readonly logLevel: LogLevel;
  readonly subscriptions: ReadonlySet<string>;
}

export interface Changes {
  readonly frame: SessionFrame | undefined;
  /** Fields and what they are now; an empty text for those that go. */
  readonly wishes: readonly (readonly [string, string])[];
}

const LEVEL = 'level';
const SUBSCRIBED = 'u:';
const DEFAULT_LEVEL: LogLevel = 'info';

export function toJson(record: SessionRecord): string {
  const { id, door, createdAt, revision, client, isInitialized } = record;
  const principal = { id: record.principal.id, isAnonymous: record.principal.isAnonymous };
  const stored: StoredSession = { id, door, principal, createdAt, revision, client, isInitialized };
  return JSON.stringify(stored);
}

export function fromStored(
  json: string,
  wishes: readonly string[],
  carriage: Pick<SessionRecord, 'hasMainStream' | 'isCarrier' | 'mainCursor'>,
): SessionRecord {
  const stored = JSON.parse(json) as StoredSession;
  let logLevel = DEFAULT_LEVEL;
  const subscriptions = new Set<string>();
  for (let i = 0; i + 1 < wishes.length; i += 2) {
    const [field = '', value = ''] = wishes.slice(i, i + 2);
    if (field === LEVEL) logLevel = value as LogLevel;
    else subscriptions.add(field.slice(SUBSCRIBED.length));
  }
  return { ...stored, ...carriage, logLevel, subscriptions };
}

export function snapshotOf(record: SessionRecord): Snapshot {
  return { frame: frameOf(record), logLevel: record.logLevel, subscriptions: new Set(record.subscriptions) };
}

export function frameOf({ revision, client, isInitialized }: SessionFrame): string {
  return JSON.stringify({ revision, client, isInitialized });
}

export function wishesOf({ logLevel, subscriptions }: SessionRecord): [string, string][] {
  const level: [string, string][] = logLevel === DEFAULT_LEVEL ? [] : [[LEVEL, logLevel]];
  return [...level, ...[...subscriptions].map((uri): [string, string] => [`${SUBSCRIBED}${uri}`, '1'])];
}

/** What differs from then; `undefined` when nothing does. */
export function changesSince(then: Snapshot | undefined, now: Snapshot): Changes | undefined {
  const wishes: [string, string][] = [];
  if (now.logLevel !== (then?.logLevel ?? DEFAULT_LEVEL)) wishes.push([LEVEL, now.logLevel]);
  for (const uri of now.subscriptions)
    if (then?.subscriptions.has(uri) !== true) wishes.push([`${SUBSCRIBED}${uri}`, '1']);
  for (const uri of then?.subscriptions ?? [])
    if (!now.subscriptions.has(uri)) wishes.push([`${SUBSCRIBED}${uri}`, '']);
  const frame = now.frame === then?.frame ? undefined : (JSON.parse(now.frame) as SessionFrame);
  return frame === undefined && wishes.length === 0 ? undefined : { frame, wishes };
}

/** The same, as it is told to others. */
export function changeOf({ frame, wishes }: Changes): SessionChange {
  const level = wishes.find(([field]) => field === LEVEL)?.[1] as LogLevel | undefined;
  const uris = wishes.filter(([field]) => field !== LEVEL);
  const named = (isKept: boolean): string[] =>
    uris.filter(([, value]) => (value !== '') === isKept).map(([field]) => field.slice(SUBSCRIBED.length));
  return {
    ...(frame === undefined ? {} : { frame }),
    ...(level === undefined ? {} : { logLevel: level }),
    subscribed: named(true),
    unsubscribed: named(false),
  };
}
