/** What a client will read: what it said in `Accept`, as media ranges (RFC 9110 §12.5.1). */
export interface Accepts {
  readonly json: boolean;
  readonly stream: boolean;
}

const BOTH: Accepts = { json: true, stream: true };
const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';

/** An absent header accepts everything. */
export function parseAccept(header: string | undefined): Accepts {
  if (header === undefined || header === 'application/json, text/event-stream' || header === '*/*') return BOTH;
  const ranges = header
    .toLowerCase()
    .split(',')
    .map(parseRange)
    .filter((range) => range.isWanted)
    .map((range) => range.type);
  return {
    json: ranges.some((range) => covers(range, JSON_TYPE)),
    stream: ranges.some((range) => covers(range, STREAM_TYPE)),
  };
}

function parseRange(text: string): { type: string; isWanted: boolean } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  return { type, isWanted: !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
}

function covers(range: string, type: string): boolean {
  return range === type || range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)));
}
