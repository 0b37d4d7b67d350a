import { describe, expect, it } from '@jest/globals';
import { checkRoom } from '../../../transports/handshake.js';
import type { Host } from '../../../transports/host.js';
import type { Session } from '../../../transports/session.js';

const REQUEST = { jsonrpc: '2.0', id: 'q', method: 'ping' } as const;

const host = {
  isDraining: () => false,
  calls: new Set(),
  settings: { maxCalls: 10, maxCallsPerSession: 10 },
} as unknown as Host;

describe('the last question before a call begins', () => {
  it.each([
    ['refuses it when its session was ended while others were asked', true, 'Session not found'],
    ['lets it through where its session lives', false, undefined],
  ])('%s', (_, isClosed, refusal) => {
    const session = { isClosed, calls: new Set() } as unknown as Session;
    const ask = (): void => checkRoom(host, session, [REQUEST]);
    if (refusal === undefined) expect(ask).not.toThrow();
    else
      expect(ask).toThrow(
        expect.objectContaining({ status: 404, message: refusal, extra: { id: 'q', refusal: 'unknown session' } }),
      );
  });
});
