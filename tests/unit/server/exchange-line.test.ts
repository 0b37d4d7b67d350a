import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { ExchangeEntry } from '../../../server/exchange-entry.js';
import { ExchangeLine } from '../../../server/exchange-line.js';

const ENTRY: ExchangeEntry = {
  time: 1_700_000_000_000,
  requestId: 'a-1',
  session: undefined,
  principal: 'user:ada "the first"',
  door: 'streamable',
  revision: '2025-11-25',
  verb: 'POST',
  path: '/mcp',
  method: 'a"b\\c\nd\u001b[2J\u2028é🦊\ud800',
  tool: '',
  batch: undefined,
  status: 200,
  type: 'application/json',
  hasSessionHeader: true,
  hasVersionHeader: false,
  outcome: 'error -32601',
  ms: 0.35,
  bytes: 1e21,
  stream: undefined,
  streamId: undefined,
  events: undefined,
  ended: undefined,
  unsentBytes: undefined,
  callMs: undefined,
  answeredOn: undefined,
  refused: undefined,
  error: undefined,
  diagnosis: undefined,
  detail: undefined,
};

const WHOLE: ExchangeEntry = {
  ...ENTRY,
  session: 'abcd1234',
  batch: 3,
  stream: 'post',
  streamId: 'p1',
  events: 0,
  ended: 'stalled',
  unsentBytes: 5,
  callMs: 1.25,
  answeredOn: 'session stream',
  refused: 'unknown session',
  error: 'It said "no"\n',
  diagnosis: 'unknown session',
  detail: 'needs a"b',
};

const NOTHING = Object.fromEntries(
  Object.entries(ENTRY).map(([key, value]) => [
    key,
    typeof value === 'string' && key !== 'verb' && key !== 'path' ? undefined : value,
  ]),
) as unknown as ExchangeEntry;

describe('the line of an exchange', () => {
  it.each([
    ['some', ENTRY],
    ['all', WHOLE],
    ['few', NOTHING],
  ])('says what pino would say of %s things', (_which, entry) => {
    let written = '';
    pino({ base: null, level: 'info' }, { write: (line) => (written += line) }).info(entry, 'exchange');
    const line = new ExchangeLine(entry).toLine();
    const { time: _ours, ...ours } = JSON.parse(line) as Record<string, unknown>;
    const { time: _pinos, ...pinos } = JSON.parse(written) as Record<string, unknown>;
    expect(ours).toEqual(pinos);
    expect(Object.keys(ours)).toEqual(Object.keys(pinos));
    expect(line.indexOf('\n')).toBe(line.length - 1);
  });
});
