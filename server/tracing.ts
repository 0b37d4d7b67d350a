/**
 * One OpenTelemetry span for each request, by the semantic conventions for MCP, when the program that runs us has set a
 * provider. The API is not a dependency: without it, or without a provider, a request costs one look and nothing more.
 */
import { createRequire } from 'node:module';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span, TextMapGetter } from '@opentelemetry/api';
import type { Method } from '../protocol/dispatcher.js';
import type { Params, Request } from '../protocol/json-rpc.js';
import type { CallEnded } from '../transports/observer.js';
import type { Exchange } from '../transports/exchange.js';
import { clip } from './clip.js';

type Api = typeof OpenTelemetry;

interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Where the API keeps what a program registered (`@opentelemetry/api` 1.x, "global-utils"). */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export class Tracing {
  readonly #version: string;
  readonly #spans = new WeakMap<object, OpenSpan>();
  /** Absent until it is needed; `null` when there is none. */
  #api: Api | null | undefined;

  constructor(version: string) {
    this.#version = version;
  }

  /** Begins the span of a request. */
  start(call: Exchange, request: Request): void {
    const api = this.#provided();
    if (api === undefined) return;
    const target = targetOf(request);
    const parent = parentOf(api, call);
    const span = api.trace
      .getTracer('dualgauge', this.#version)
      .startSpan(
        target === undefined ? clip(request.method) : `${request.method} ${target}`,
        { kind: api.SpanKind.SERVER, attributes: attributesOf(call, request) },
        parent,
      );
    this.#spans.set(call, { span, context: api.trace.setSpan(parent, span) });
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
    if (cause !== undefined) fail(cause, `The call ended early: ${cause}`);
    else if (response !== undefined && 'error' in response) {
      span.setAttribute('rpc.response.status_code', String(response.error.code));
      fail(String(response.error.code), clip(response.error.message));
    } else if ((response?.result as { isError?: unknown } | undefined)?.isError === true) fail('tool_error');
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

/** The tool or prompt a request is about. Resources stay out of span names: there may be any number of them. */
function targetOf({ method, params }: Request): string | undefined {
  return method === 'tools/call' || method === 'prompts/get' ? textOf(params, 'name') : undefined;
}

function attributesOf(call: Exchange, { id, method, params }: Request): Record<string, string> {
  const { session } = call.notes;
  return {
    'mcp.method.name': clip(method),
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

/** The trace a request belongs to: what its `_meta` says (SEP-414) goes before what its HTTP headers say. */
function parentOf(api: Api, { meta, notes }: Exchange): Context {
  const carrier = typeof meta.traceparent === 'string' ? meta : notes.headers;
  const extracted = api.propagation.extract(api.ROOT_CONTEXT, carrier, GETTER);
  if (api.trace.getSpanContext(extracted) !== undefined) return extracted;
  // A program that sets a provider and no propagator still wants its traces whole.
  const [, traceId, spanId, flags] = TRACEPARENT.exec(textAt(carrier, 'traceparent') ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return extracted;
  const context = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) % 2 === 1 ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
    isRemote: true,
  };
  return api.isSpanContextValid(context) ? api.trace.setSpanContext(extracted, context) : extracted;
}

const GETTER: TextMapGetter<object> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => textAt(carrier, key),
};

function textAt(carrier: object, key: string): string | undefined {
  const value: unknown = Object.hasOwn(carrier, key) ? (carrier as Record<string, unknown>)[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
