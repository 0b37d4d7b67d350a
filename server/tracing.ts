/**
 * One OpenTelemetry span for each request, by the semantic conventions for MCP, when the program that runs us has set a
 * provider. The API is not a dependency: without it, or without a provider, a request costs one look and nothing more.
 */
import { createRequire } from 'node:module';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';
import type { Method } from '../protocol/dispatcher.js';
import type { Params, Request } from '../protocol/json-rpc.js';
import type { CallEnded } from '../transports/observer.js';
import type { Exchange } from '../transports/exchange.js';
import { clip } from './clip.js';
import { originOf } from './trace-origin.js';

type Api = typeof OpenTelemetry;

/** What the server has, so that what peers make up is no name of a span: there may be any number of those. */
export interface TracingOptions {
  readonly version: string;
  readonly knowsMethod: (name: string) => boolean;
  readonly knowsTool: (name: string) => boolean;
  readonly knowsPrompt: (name: string) => boolean;
}

interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Where the API keeps what a program registered (`@opentelemetry/api` 1.x, "global-utils"). */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');
/** What the conventions call what they have no name for. */
const OTHER = '_OTHER';

export class Tracing {
  readonly #options: TracingOptions;
  readonly #spans = new WeakMap<object, OpenSpan>();
  /** Absent until it is needed; `null` when there is none. */
  #api: Api | null | undefined;

  constructor(options: TracingOptions) {
    this.#options = options;
  }

  /** Begins the span of a request. */
  start(call: Exchange, request: Request): void {
    const api = this.#provided();
    if (api === undefined) return;
    const { version, knowsMethod } = this.#options;
    const { parent, links } = originOf(api, call);
    const name = this.#nameOf(request);
    const attributes = { ...attributesOf(call, request), ...aboutMethod(request.method, knowsMethod) };
    const span = api.trace
      .getTracer('dualgauge', version)
      .startSpan(name, { kind: api.SpanKind.SERVER, attributes, links }, parent);
    this.#spans.set(call, { span, context: api.trace.setSpan(parent, span) });
  }

  // Resources stay out of it: there may be any number of them.
  #nameOf({ method, params }: Request): string {
    const { knowsMethod, knowsTool, knowsPrompt } = this.#options;
    if (!knowsMethod(method)) return OTHER;
    const knows = method === 'tools/call' ? knowsTool : method === 'prompts/get' ? knowsPrompt : undefined;
    const target = knows === undefined ? undefined : params?.name;
    return typeof target === 'string' && knows?.(target) === true ? `${method} ${target}` : method;
  }

  end(call: Exchange, { response, cause }: CallEnded): void {
    const open = this.#spans.get(call);
    const api = this.#api;
    if (open === undefined || api == null) return;
    const fail = (type: string, message?: string): void => {
      span.setAttribute('error.type', type);
      span.setStatus({ code: api.SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
    };
    this.#spans.delete(call);
    const { span } = open;
    const early = cause === undefined ? undefined : `The call ended early: ${cause}`;
    // What the client was told goes before what we know of it (MCP conventions, `error.type`).
    if (response === undefined) {
      if (cause !== undefined) fail(cause, early);
    } else if ('error' in response) {
      span.setAttribute('rpc.response.status_code', String(response.error.code));
      fail(String(response.error.code), clip(response.error.message));
    } else if ((response.result as { isError?: unknown }).isError === true) fail('tool_error', early);
    span.end();
  }

  /** A method whose handler runs inside the span of its request, so that what it starts hangs below it. */
  within(method: Method): Method {
    return {
      name: method.name,
      era: method.era,
      run: (params, call) => {
        const open = this.#spans.get(call);
        return open === undefined || this.#api == null
          ? method.run(params, call)
          : this.#api.context.with(open.context, () => method.run(params, call));
      },
    };
  }

  // A provider may be set after us, so this is asked each time; what is looked at is one property.
  #provided(): Api | undefined {
    if (!(REGISTERED in globalThis) || this.#api === null) return undefined;
    this.#api ??= loadApi();
    const provider = this.#api?.trace.getTracerProvider() as { getDelegateTracer?: (name: string) => unknown };
    const hasDelegate = provider.getDelegateTracer === undefined || provider.getDelegateTracer('dualgauge') != null;
    return hasDelegate && this.#api !== null ? this.#api : undefined;
  }
}

function loadApi(): Api | null {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as Api;
  } catch {
    // Somebody registered with a copy that is not ours to find.
    return null;
  }
}

function attributesOf(call: Exchange, { id, method, params }: Request): Record<string, string> {
  const { session } = call.notes;
  return {
    'mcp.protocol.version': call.revision,
    'jsonrpc.request.id': clip(String(id)),
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
    ...(session === undefined ? {} : { 'mcp.session.id': session.shortId }),
    ...aboutTool(method, params),
    ...about('gen_ai.prompt.name', method === 'prompts/get' ? textOf(params, 'name') : undefined),
    ...about('mcp.resource.uri', method.startsWith('resources/') ? textOf(params, 'uri') : undefined),
  };
}

/** RPC conventions, `rpc.method`: what is not recognized is `_OTHER`, and beside it stands what came. */
function aboutMethod(method: string, knows: (name: string) => boolean): Record<string, string> {
  return knows(method)
    ? { 'mcp.method.name': method }
    : { 'mcp.method.name': OTHER, 'rpc.method_original': clip(method) };
}

function aboutTool(method: string, params: Params | undefined): Record<string, string> {
  if (method !== 'tools/call') return {};
  return { 'gen_ai.operation.name': 'execute_tool', ...about('gen_ai.tool.name', textOf(params, 'name')) };
}

function about(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

function textOf(params: Params | undefined, key: string): string | undefined {
  const value = params?.[key];
  return typeof value === 'string' ? clip(value, 200) : undefined;
}
