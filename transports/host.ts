import type { Dispatcher } from '../protocol/dispatcher.js';
import type { NotificationListener } from '../protocol/call.js';
import type { MirrorLookup } from '../protocol/modern.js';
import type { Calls } from './calls.js';
import type { EventLog } from './event-log.js';
import type { Gate } from './gate.js';
import type { Observer } from './observer.js';
import type { Seal } from './round-trip.js';
import type { Sessions } from './sessions.js';
import type { TransportSettings } from './settings.js';
import type { Streams } from './streams.js';
import type { Tasks } from './tasks.js';

/** What both doors stand on: one dispatcher, one set of sessions, one log. */
export interface Host {
  readonly dispatcher: Dispatcher;
  readonly sessions: Sessions;
  readonly log: EventLog;
  readonly calls: Calls;
  readonly streams: Streams;
  readonly tasks: Tasks;
  readonly seal: Seal;
  readonly mirrors: MirrorLookup;
  readonly settings: TransportSettings;
  readonly observer: Observer;
  readonly gate: Gate;
  readonly onNotification: NotificationListener;
  /** Whether new work is turned away because the server is going. */
  isDraining(): boolean;
}
