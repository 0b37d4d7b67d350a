import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Link, SpanContext, TextMapGetter } from '@opentelemetry/api';
import type { Exchange } from '../transports/exchange.js';

type Api = typeof OpenTelemetry;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Where a request came from: what its `_meta` says (SEP-414), else the span around it in the program that runs us, else
 * what its HTTP headers say. What is passed over is linked (MCP conventions, "Context propagation").
 */
export function originOf(api: Api, { meta, notes }: Exchange): { readonly parent: Context; readonly links: Link[] } {
  const ambient = api.context.active();
  const ground = api.trace.deleteSpan(ambient);
  const said = extract(api, ground, meta);
  const carried = extract(api, ground, notes.headers);
  // Whoever made the span around us has mostly read the headers.
  const isKnown = validSpanOf(api, ambient)?.traceId === validSpanOf(api, carried)?.traceId;
  const origins = [said, ambient, ...(isKnown ? [] : [carried])].filter((context) => validSpanOf(api, context));
  const [parent = said, ...others] = origins;
  const own = validSpanOf(api, parent)?.spanId;
  const links = others.flatMap((context) => validSpanOf(api, context) ?? []).filter(({ spanId }) => spanId !== own);
  return { parent, links: links.map((context) => ({ context })) };
}

function validSpanOf(api: Api, context: Context): SpanContext | undefined {
  const span = api.trace.getSpanContext(context);
  return span !== undefined && api.isSpanContextValid(span) ? span : undefined;
}

function extract(api: Api, ground: Context, carrier: object): Context {
  const extracted = api.propagation.extract(ground, carrier, GETTER);
  if (validSpanOf(api, extracted) !== undefined) return extracted;
  // A program that sets a provider and no propagator still wants its traces whole.
  const [, traceId, spanId, flags] = TRACEPARENT.exec(textAt(carrier, 'traceparent') ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return extracted;
  const isSampled = Number.parseInt(flags, 16) % 2 === 1;
  const traceFlags = isSampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE;
  return api.trace.setSpanContext(extracted, { traceId, spanId, traceFlags, isRemote: true });
}

const GETTER: TextMapGetter<object> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => textAt(carrier, key),
};

function textAt(carrier: object, key: string): string | undefined {
  const value: unknown = Object.hasOwn(carrier, key) ? (carrier as Record<string, unknown>)[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
