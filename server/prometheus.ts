/** What is counted, in the words of Prometheus. Loaded when it is asked for: a server that nobody scrapes pays nothing. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Distribution } from './distribution.js';
import type { CallStats, Metrics } from './metrics.js';

/** What is counted by looking, not by counting along. */
export interface LiveFigures {
  readonly sessions: () => Iterable<{ readonly door: string; readonly revision: string }>;
  readonly streams: () => Iterable<{ readonly door: string; readonly revision: string; readonly kind: string }>;
  readonly queuedEvents: () => number;
  readonly unsentBytes: () => number;
  readonly calls: () => number;
}

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];
type Spread = readonly [labels: Labels, distribution: Distribution];

/** A registry of its own, so that two servers in one process do not mix their figures. */
export function createRegistry(metrics: Metrics, live: LiveFigures): Registry {
  const registry = new Registry();
  const counter = define(Counter, registry);
  const gauge = define(Gauge, registry);
  collectDefaultMetrics({ register: registry });

  gauge('dualgauge_sessions', 'Sessions open now', ['door', 'revision'], () => tally(live.sessions()));
  counter('dualgauge_sessions_opened_total', 'Sessions opened', ['door'], () =>
    samples(metrics.sessionsOpened.entries, 'door'),
  );
  counter('dualgauge_sessions_closed_total', 'Sessions closed', ['door', 'reason'], () =>
    nested(metrics.sessionsClosed, 'door', 'reason'),
  );
  gauge('dualgauge_streams', 'Streams open now', ['door', 'revision', 'kind'], () => tally(live.streams()));
  counter('dualgauge_streams_opened_total', 'Streams opened', ['kind'], () =>
    samples(metrics.streamsOpened.entries, 'kind'),
  );
  counter('dualgauge_streams_ended_total', 'Streams ended, and why', ['kind', 'reason'], () =>
    nested(metrics.streamsEnded, 'kind', 'reason'),
  );
  counter('dualgauge_stream_bytes_total', 'Bytes written to streams that have ended', ['kind'], () =>
    samples(metrics.streamBytes.entries, 'kind'),
  );
  counter('dualgauge_stream_events_total', 'Events written to streams that have ended', ['kind'], () =>
    samples(metrics.streamEvents.entries, 'kind'),
  );
  gauge('dualgauge_queued_events', 'Events that wait for a reader', [], () => [[{}, live.queuedEvents()]]);
  gauge('dualgauge_unsent_bytes', 'Bytes written that clients have not taken', [], () => [[{}, live.unsentBytes()]]);
  gauge('dualgauge_calls_in_flight', 'Calls that have not ended', [], () => [[{}, live.calls()]]);
  counter('dualgauge_http_responses_total', 'HTTP responses', ['door', 'status'], () =>
    nested(metrics.responses, 'door', 'status'),
  );
  counter('dualgauge_requests_total', 'JSON-RPC requests answered or given up', ['method', 'outcome'], () =>
    outcomes(metrics.methods, 'method'),
  );
  counter('dualgauge_tool_errors_total', 'Tool calls that did not succeed', ['tool', 'cause'], () =>
    outcomes(metrics.tools, 'tool', 'cause').filter(([{ cause }]) => cause !== 'ok'),
  );
  counter('dualgauge_refusals_total', 'HTTP requests turned away', ['cause'], () =>
    samples(metrics.refusals.entries, 'cause'),
  );
  counter('dualgauge_diagnoses_total', 'Exchanges and sessions in which something went wrong', ['diagnosis'], () =>
    samples(metrics.diagnoses.entries, 'diagnosis'),
  );
  counter('dualgauge_faults_total', 'Errors of our own', [], () => [[{}, metrics.faults]]);
  counter('dualgauge_store_errors_total', 'Session store operations that failed', ['operation'], () =>
    outcomes(metrics.store, 'operation', 'outcome')
      .filter(([{ outcome }]) => outcome !== 'ok')
      .map(([{ operation = '' }, value]) => [{ operation }, value]),
  );

  const spread = (name: string, help: string, labels: readonly string[], read: () => Spread[]): void =>
    registry.registerMetric(new Mirror({ name, help, labels, read }));
  spread('dualgauge_request_duration_seconds', 'From a JSON-RPC request to its answer', ['method'], () =>
    spreads(metrics.methods, 'method'),
  );
  spread('dualgauge_tool_duration_seconds', 'From a tool call to its answer', ['tool'], () =>
    spreads(metrics.tools, 'tool'),
  );
  spread('dualgauge_event_delivery_seconds', 'From an event to its being written to a connection', [], () => [
    [{}, metrics.delivery],
  ]);
  spread('dualgauge_stream_duration_seconds', 'How long streams lasted', ['kind'], () =>
    [...metrics.streamMs].map(([kind, distribution]): Spread => [{ kind }, distribution]),
  );
  spread('dualgauge_store_duration_seconds', 'What the session store takes to answer', ['operation'], () =>
    spreads(metrics.store, 'operation'),
  );
  return registry;
}

/** A counter or gauge whose value is read when it is asked for. */
function define(Kind: typeof Counter | typeof Gauge, registry: Registry) {
  return (name: string, help: string, labelNames: readonly string[], read: () => Iterable<Sample>): void => {
    const metric: Counter | Gauge = new Kind({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        metric.reset();
        for (const [labels, value] of read()) metric.inc(labels, value);
      },
    });
  };
}

interface MirrorOptions {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: () => Spread[];
}

/** A histogram that was counted elsewhere, in ms; told in seconds. */
class Mirror extends Histogram {
  readonly #options: MirrorOptions;

  constructor(options: MirrorOptions) {
    const { name, help, labels } = options;
    super({ name, help, labelNames: [...labels], registers: [] });
    this.#options = options;
  }

  /** What the registry asks a histogram for (prom-client 15, "registry.js"); `get` is made of it. */
  async getForPromString(): Promise<object> {
    const { name, help, read } = this.#options;
    const values = read().flatMap(([labels, distribution]) => this.#values(labels, distribution));
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  #values(labels: Labels, { bounds, counts, sum, count }: Distribution) {
    const { name } = this.#options;
    let below = 0;
    const buckets = bounds.map((bound, at) => {
      below += counts[at] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound / 1000 }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum / 1000 },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

function samples(entries: Iterable<readonly [string | number, number]>, label: string): Sample[] {
  return [...entries].map(([name, value]) => [{ [label]: name }, value]);
}

function nested(
  tallies: ReadonlyMap<string, { readonly entries: Iterable<readonly [string | number, number]> }>,
  outer: string,
  inner: string,
): Sample[] {
  return [...tallies].flatMap(([name, { entries }]) =>
    [...entries].map(([innerName, value]): Sample => [{ [outer]: name, [inner]: innerName }, value]),
  );
}

function outcomes(stats: ReadonlyMap<string, CallStats>, label: string, outcome = 'outcome'): Sample[] {
  return [...stats].flatMap(([name, { outcomes }]) =>
    [...outcomes.entries].map(([how, value]): Sample => [{ [label]: name, [outcome]: how }, value]),
  );
}

function spreads(stats: ReadonlyMap<string, CallStats>, label: string): Spread[] {
  return [...stats].map(([name, { ms }]) => [{ [label]: name }, ms]);
}

/** How many there are of each kind. */
function tally(items: Iterable<Readonly<Record<string, string>>>): Sample[] {
  const counts = new Map<string, { labels: Labels; count: number }>();
  for (const labels of items) {
    const key = Object.values(labels).join('\n');
    const known = counts.get(key) ?? { labels, count: 0 };
    known.count += 1;
    counts.set(key, known);
  }
  return [...counts.values()].map(({ labels, count }) => [labels, count]);
}
