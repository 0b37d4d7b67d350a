import { hasScopes, type Principal } from '../protocol/call.js';
import type { Request } from '../protocol/json-rpc.js';
import type { PromptRegistry } from '../prompts/registry.js';
import type { ResourceRegistry } from '../resources/registry.js';
import type { ToolRegistry } from '../tools/registry.js';
import type { Gate } from '../transports/gate.js';
import type { ServerSettings } from './options.js';
import type { LimiterStore, RateLimit } from './rate-limit.js';
import { RateLimits } from './rate-limits.js';

export interface GatekeeperOptions {
  readonly settings: ServerSettings;
  readonly tools: ToolRegistry;
  readonly resources: ResourceRegistry;
  readonly prompts: PromptRegistry;
  /** Where instances count together; each for itself when absent. */
  readonly limiters?: LimiterStore | undefined;
  readonly onHint: (hint: string) => void;
}

/** What a server that others can reach allows each of them when nobody said otherwise. */
const PUBLIC_LIMITS = { calls: { count: 600, seconds: 60 }, sessions: { count: 60, seconds: 60 } } as const;

// Longer uris are refused where they are read, before any template is held against them.
const MAX_URI_LENGTH = 8192;

/** Knows what each request needs, and how much each caller has done. */
export class Gatekeeper implements Gate {
  readonly #options: GatekeeperOptions;
  count?: NonNullable<Gate['count']>;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
    this.#limit({});
  }

  /** From now on the server can be reached by others than this machine. */
  goPublic(): void {
    this.#limit(PUBLIC_LIMITS);
  }

  /** Every scope that something here asks for. */
  scopesInUse(): Set<string> {
    const { tools, resources, prompts } = this.#options;
    const items = [...tools.tools, ...resources.resources, ...resources.templates, ...prompts.prompts];
    return new Set(items.flatMap(({ scopes = [] }) => scopes));
  }

  refuses(request: Request, principal: Principal): readonly string[] | undefined {
    const scopes = this.#scopesOf(request) ?? [];
    return hasScopes(principal, scopes) ? undefined : scopes;
  }

  #limit(defaults: { calls?: RateLimit; sessions?: RateLimit }): void {
    const { settings, limiters, onHint } = this.#options;
    const calls = orDefault(settings.rateLimitCalls, defaults.calls);
    const sessions = orDefault(settings.rateLimitSessions, defaults.sessions);
    if (calls === undefined && sessions === undefined) return;
    const limits = new RateLimits({ calls, sessions, trustProxy: settings.trustProxy, store: limiters, onHint });
    this.count = (what, visit, amount) => limits.count(what, visit, amount);
  }

  #scopesOf({ method, params = {} }: Request): readonly string[] | undefined {
    const { tools, resources, prompts } = this.#options;
    const { name, uri } = params;
    switch (method) {
      case 'tools/call':
        return typeof name === 'string' ? tools.get(name)?.scopes : undefined;
      case 'prompts/get':
        return typeof name === 'string' ? prompts.get(name)?.scopes : undefined;
      case 'resources/read':
      case 'resources/subscribe':
        if (typeof uri !== 'string' || uri.length > MAX_URI_LENGTH) return undefined;
        return resources.find(uri)?.definition.scopes;
      default:
        return undefined;
    }
  }
}

function orDefault(setting: RateLimit | 'off' | undefined, fallback: RateLimit | undefined): RateLimit | undefined {
  return setting === 'off' ? undefined : (setting ?? fallback);
}
