/** What a client will read: what it said in `Accept`, as media ranges (RFC 9110 §12.5.1). */
export interface Accepts {
  readonly json: boolean;
  readonly stream: boolean;
}

const BOTH: Accepts = { json: true, stream: true };
const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';

// A client says the same with each request, and there are few kinds of clients; who makes some up only empties this.
const MAX_KNOWN = 100;
const known = new Map<string, Accepts>();

/** An absent header accepts everything. */
export function parseAccept(header: string | undefined): Accepts {
  if (header === undefined) return BOTH;
  let accepted = known.get(header);
  if (accepted === undefined) {
    const ranges = header.toLowerCase().split(',').map(parseRange);
    accepted = { json: accepts(ranges, JSON_TYPE), stream: accepts(ranges, STREAM_TYPE) };
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(header, accepted);
  }
  return accepted;
}

interface Range {
  readonly type: string;
  readonly isWanted: boolean;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  return { type, isWanted: !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
}

// The most specific range that fits is the one that counts, whatever stands before it.
function accepts(ranges: readonly Range[], type: string): boolean {
  const fitting = [type, type.replace(/\/.*/, '/*'), '*/*'];
  for (const range of fitting) {
    const found = ranges.filter((one) => one.type === range);
    if (found.length > 0) return found.some(({ isWanted }) => isWanted);
  }
  return false;
}
