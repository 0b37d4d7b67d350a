import type { ExchangeEntry } from './exchange-entry.js';
import type { LaterLine } from './log-sink.js';

/** What JSON writes as it is. */
const PLAIN = /^[\w .:/-]*$/;
const MAX_MIDDLES = 500;

/** The part of a line that is the same for every call of a kind, and what makes the kind. */
interface Middle {
  readonly entry: ExchangeEntry;
  readonly text: string;
}

const middles = new Map<string, Middle>();

/**
 * The line pino would make of an entry, made when it is written, in a fraction of the time: there is one for every call.
 * What we name ourselves needs no look; what others may have named is quoted.
 */
export class ExchangeLine implements LaterLine {
  readonly #entry: ExchangeEntry;

  constructor(entry: ExchangeEntry) {
    this.#entry = entry;
  }

  toLine(): string {
    const entry = this.#entry;
    const { requestId, session, principal } = entry;
    return `{"level":30,"time":${entry.time}${requestId === undefined ? '' : `,"requestId":"${requestId}"`}${
      session === undefined ? '' : `,"session":"${session}"`
    }${principal === undefined ? '' : `,"principal":${quote(principal)}`}${middleOf(entry)},"ms":${entry.ms},"bytes":${
      entry.bytes
    }${isPlain(entry) ? '' : formatRest(entry)},"msg":"exchange"}\n`;
  }
}

function middleOf(entry: ExchangeEntry): string {
  const key = entry.tool ?? entry.method ?? entry.path;
  const known = middles.get(key);
  if (known !== undefined && isSameKind(known.entry, entry)) return known.text;
  // Keys are names that peers may have made up.
  if (middles.size >= MAX_MIDDLES) middles.clear();
  const text = formatMiddle(entry);
  middles.set(key, { entry, text });
  return text;
}

function isSameKind(one: ExchangeEntry, other: ExchangeEntry): boolean {
  return (
    one.tool === other.tool &&
    one.method === other.method &&
    one.door === other.door &&
    one.revision === other.revision &&
    one.verb === other.verb &&
    one.path === other.path &&
    one.batch === other.batch &&
    one.status === other.status &&
    one.type === other.type &&
    one.outcome === other.outcome &&
    one.hasSessionHeader === other.hasSessionHeader &&
    one.hasVersionHeader === other.hasVersionHeader
  );
}

function formatMiddle(entry: ExchangeEntry): string {
  const { door, revision, verb, path, method, tool, batch, status, type, outcome } = entry;
  return [
    door === undefined ? '' : `,"door":"${door}"`,
    revision === undefined ? '' : `,"revision":"${revision}"`,
    `,"verb":"${verb}","path":${quote(path)}`,
    method === undefined ? '' : `,"method":${quote(method)}`,
    tool === undefined ? '' : `,"tool":${quote(tool)}`,
    batch === undefined ? '' : `,"batch":${batch}`,
    status === undefined ? '' : `,"status":${status}`,
    type === undefined ? '' : `,"type":"${type}"`,
    `,"hasSessionHeader":${entry.hasSessionHeader},"hasVersionHeader":${entry.hasVersionHeader}`,
    outcome === undefined ? '' : `,"outcome":"${outcome}"`,
  ].join('');
}

function isPlain({ stream, ended, callMs, answeredOn, refused, error, diagnosis }: ExchangeEntry): boolean {
  return (
    stream === undefined &&
    ended === undefined &&
    callMs === undefined &&
    answeredOn === undefined &&
    refused === undefined &&
    error === undefined &&
    diagnosis === undefined
  );
}

function formatRest(entry: ExchangeEntry): string {
  const { stream, streamId, events, ended, unsentBytes, callMs, answeredOn, refused, error, diagnosis, detail } = entry;
  return [
    stream === undefined ? '' : `,"stream":"${stream}"`,
    streamId === undefined ? '' : `,"streamId":"${streamId}"`,
    events === undefined ? '' : `,"events":${events}`,
    ended === undefined ? '' : `,"ended":"${ended}"`,
    unsentBytes === undefined ? '' : `,"unsentBytes":${unsentBytes}`,
    callMs === undefined ? '' : `,"callMs":${callMs}`,
    answeredOn === undefined ? '' : `,"answeredOn":"${answeredOn}"`,
    refused === undefined ? '' : `,"refused":"${refused}"`,
    error === undefined ? '' : `,"error":${quote(error)}`,
    diagnosis === undefined ? '' : `,"diagnosis":"${diagnosis}"`,
    detail === undefined ? '' : `,"detail":${quote(detail)}`,
  ].join('');
}

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
