/**
 * What is counted, as plain numbers: counting must cost next to nothing, so every call goes straight to its own counters,
 * and names and labels are made when somebody asks (`prometheus.ts`). Names that a peer made up are counted as `other`.
 */
import type { Request } from '../protocol/json-rpc.js';
import type { CallEnded, CloseReason, Door, StreamEnded, StreamFacts } from '../transports/observer.js';
import { Distribution } from './distribution.js';
import type { Refusal } from './refusal.js';

/** In ms. */
export const CALL_BOUNDS = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
];
export const DELIVERY_BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];
export const STREAM_BOUNDS = [100, 1000, 10_000, 30_000, 60_000, 120_000, 300_000, 900_000, 3_600_000, 14_400_000];

export type CallOutcome = 'ok' | 'tool error' | 'error' | 'cancelled' | 'timeout' | 'aborted';

/** What is counted of one method or tool. */
export class CallStats {
  readonly outcomes = new Tally<CallOutcome>();
  readonly ms = new Distribution(CALL_BOUNDS);
}

/** Counts by name. The names come from us, so there are few. */
export class Tally<Name extends string | number = string> {
  readonly #counts = new Map<Name, number>();

  add(name: Name, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  get entries(): Iterable<readonly [Name, number]> {
    return this.#counts;
  }
}

export interface MetricsOptions {
  readonly knowsMethod: (name: string) => boolean;
  readonly knowsTool: (name: string) => boolean;
}

const OTHER = 'other';
/** Tools may come and go while a server runs; of this many their names are remembered. */
const MAX_TOOLS = 1000;

export class Metrics {
  readonly methods = new Map<string, CallStats>();
  readonly tools = new Map<string, CallStats>();
  readonly responses = new Map<Door | 'none', Tally<number>>();
  readonly refusals = new Tally<Refusal>();
  readonly sessionsOpened = new Tally<Door>();
  readonly sessionsClosed = new Map<Door, Tally<CloseReason>>();
  readonly streamsOpened = new Tally<StreamFacts['kind']>();
  readonly streamsEnded = new Map<StreamFacts['kind'], Tally<StreamEnded['reason']>>();
  readonly streamMs = new Map<StreamFacts['kind'], Distribution>();
  readonly streamBytes = new Tally<StreamFacts['kind']>();
  readonly streamEvents = new Tally<StreamFacts['kind']>();
  readonly delivery = new Distribution(DELIVERY_BOUNDS);
  readonly store = new Map<string, CallStats>();
  readonly diagnoses = new Tally();
  faults = 0;
  readonly #options: MetricsOptions;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  response(door: Door | undefined, status: number): void {
    at(this.responses, door ?? 'none', newTally<number>).add(status);
  }

  call({ method, params }: Request, { response, ms, cause }: CallEnded): void {
    const outcome = toOutcome(response, cause);
    count(this.#method(method), outcome, ms);
    if (method === 'tools/call') count(this.#tool(params?.name), outcome, ms);
  }

  sessionClosed(door: Door, reason: CloseReason): void {
    at(this.sessionsClosed, door, newTally<CloseReason>).add(reason);
  }

  streamEnded(kind: StreamFacts['kind'], { reason, events, bytes, ms }: StreamEnded): void {
    at(this.streamsEnded, kind, newTally<StreamEnded['reason']>).add(reason);
    at(this.streamMs, kind, newStreamTimes).observe(ms);
    this.streamBytes.add(kind, bytes);
    this.streamEvents.add(kind, events);
  }

  /** Where nobody knows how long an event waited, nothing is better than a nought. */
  eventWritten(waitedMs: number): void {
    // Where two clocks are compared, nothing may seem to come before it was sent.
    if (!Number.isNaN(waitedMs)) this.delivery.observe(Math.max(0, waitedMs));
  }

  storeAnswered(operation: string, ms: number, isOk: boolean): void {
    const { outcomes, ms: times } = at(this.store, operation, newStats);
    outcomes.add(isOk ? 'ok' : 'error');
    // How long nobody answered is not what an answer takes.
    if (isOk) times.observe(ms);
  }

  #method(name: string): CallStats {
    const known = this.methods.get(name);
    if (known !== undefined) return known;
    return at(this.methods, this.#options.knowsMethod(name) ? name : OTHER, newStats);
  }

  #tool(name: unknown): CallStats {
    const known = typeof name === 'string' ? this.tools.get(name) : undefined;
    if (known !== undefined) return known;
    const isNew = typeof name === 'string' && this.tools.size < MAX_TOOLS && this.#options.knowsTool(name);
    return at(this.tools, isNew ? name : OTHER, newStats);
  }
}

function toOutcome(response: CallEnded['response'], cause: CallEnded['cause']): CallOutcome {
  if (cause !== undefined) return cause === 'cancelled' || cause === 'timeout' ? cause : 'aborted';
  if (response === undefined) return 'aborted';
  if ('error' in response) return 'error';
  return (response.result as { isError?: unknown }).isError === true ? 'tool error' : 'ok';
}

function count({ outcomes, ms: times }: CallStats, outcome: CallOutcome, ms: number): void {
  outcomes.add(outcome);
  times.observe(ms);
}

function at<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

function newStats(): CallStats {
  return new CallStats();
}

function newTally<Name extends string | number>(): Tally<Name> {
  return new Tally<Name>();
}

function newStreamTimes(): Distribution {
  return new Distribution(STREAM_BOUNDS);
}
