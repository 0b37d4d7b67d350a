import type { RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { Call } from '../protocol/call.js';
import { addDebugRoutes } from '../routes/debug.js';
import { addMetricsRoute, type Rendered } from '../routes/metrics.js';
import type { Host } from '../transports/host.js';
import { shortenSessionId } from '../transports/session-id.js';
import { createDebugView, type View } from './debug-view.js';
import { EventRelay } from './event-relay.js';
import { ExchangeLog } from './exchange-log.js';
import { isLoopback } from './hosts.js';
import { errorFacts } from './log.js';
import { Metrics } from './metrics.js';
import { operatorOnly } from './operator.js';
import type { ServerSettings } from './options.js';
import type { LiveFigures } from './prometheus.js';
import { createSharedView, type Others, signedBy } from './shared-view.js';
import { Timeline } from './timeline.js';
import { Tracing } from './tracing.js';
import { Watch } from './watch.js';

export interface ObservationOptions {
  readonly log: Logger;
  readonly version: string;
  readonly settings: ServerSettings;
  /** The transports, once they stand. */
  readonly host: () => Host;
  readonly knowsTool: (name: string) => boolean;
  readonly knowsPrompt: (name: string) => boolean;
  /** Where there are other instances. */
  readonly others: () => Others | undefined;
}

/** Everything that watches one server: its log lines, figures, timeline, traces, and the routes they are read at. */
export class Observation {
  readonly tracing: Tracing;
  readonly metrics: Metrics;
  readonly timeline = new Timeline();
  readonly watch: Watch;
  readonly #options: ObservationOptions;
  #view: View | undefined;
  #render: Promise<() => Promise<Rendered>> | undefined;

  constructor(options: ObservationOptions) {
    this.#options = options;
    const { log, version, settings, host, knowsTool, knowsPrompt } = options;
    const knowsMethod = (name: string): boolean => host().dispatcher.knows(name);
    this.tracing = new Tracing({ version, knowsMethod, knowsTool, knowsPrompt });
    this.metrics = new Metrics({ knowsMethod, knowsTool });
    this.watch = new Watch({
      log: new ExchangeLog(log, { wire: settings.logWire }),
      metrics: this.metrics,
      timeline: this.timeline,
      tracing: this.tracing,
      onFault: (error, where) => log.error({ where, ...errorFacts(error) }, 'fault'),
      heldSession: (id) => host().sessions.held(id),
    });
  }

  /** Something of ours went wrong in a call: told with what leads to its exchange. */
  callFailed(error: unknown, where: string, { exchangeId: requestId, session }: Call): void {
    this.metrics.faults += 1;
    const facts = { requestId, session: session === undefined ? undefined : shortenSessionId(session.id), where };
    this.#options.log.error({ ...facts, ...errorFacts(error) }, 'fault');
  }

  addRoutes(router: Router): void {
    const { settings, host } = this.#options;
    const { streams } = host();
    const guard: RequestHandler = operatorOnly({
      token: settings.debugToken,
      isBehindProxy: isBehindProxy(settings),
    });
    addMetricsRoute(router, guard, () => this.#metrics());
    addDebugRoutes(router, guard, (this.#view ??= this.#createView()), {
      limits: settings,
      streams,
      observer: this.watch,
    });
  }

  #createView(): View {
    const { host, others: othersOf } = this.#options;
    const { sessions, log } = host();
    const view = createDebugView({ sessions, log, timeline: this.timeline });
    const others = othersOf();
    if (others === undefined) return view;
    const own = signedBy(others.instance, view);
    return createSharedView(own, others, new EventRelay(own, others));
  }

  async #metrics(): Promise<Rendered> {
    this.#render ??= this.#load();
    return (await this.#render)();
  }

  async #load(): Promise<() => Promise<Rendered>> {
    const { createRegistry } = await import('./prometheus.js');
    const registry = createRegistry(this.metrics, liveFigures(this.#options.host()));
    return async () => ({ type: registry.contentType, text: await registry.metrics() });
  }
}

// Who names a public address, or believes a proxy, has one.
function isBehindProxy({ trustProxy, publicUrl }: ServerSettings): boolean {
  return trustProxy > 0 || (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname));
}

function liveFigures({ sessions, streams, calls, log }: Host): LiveFigures {
  return {
    *sessions() {
      for (const { door, revision } of sessions) yield { door, revision };
    },
    *streams() {
      for (const { facts } of streams) {
        if (facts.kind === 'debug') continue;
        const { session, notes, kind } = facts;
        const revision = notes.revision ?? session?.revision ?? 'unknown';
        yield { door: notes.door ?? 'none', revision, kind };
      }
    },
    queuedEvents() {
      let queued = 0;
      for (const { id } of sessions) queued += log.queued?.(id) ?? 0;
      return queued;
    },
    unsentBytes() {
      let unsent = 0;
      for (const { unsentBytes } of streams) unsent += unsentBytes;
      return unsent;
    },
    calls: () => calls.size,
  };
}
