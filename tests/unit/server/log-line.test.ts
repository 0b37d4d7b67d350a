import { describe, expect, it } from '@jest/globals';
import { describeLine } from '../../../server/log-line.js';

describe('a line of the log, for people', () => {
  it('says who asked what, what became of it, and what is wrong', () => {
    const line = {
      msg: 'exchange',
      session: 'abcd1234',
      verb: 'POST',
      path: '/mcp',
      method: 'tools/call',
      tool: 'echo',
      status: 200,
      ms: 3.5,
      stream: 'post',
      streamId: 'p1',
      events: 2,
      ended: 'stalled',
      outcome: 'ok',
      diagnosis: 'reader stalled',
    };
    expect(describeLine(line, 'msg')).toBe(
      'abcd1234 POST /mcp tools/call echo → 200 3.5ms post stream p1, 2 events (stalled) !! reader stalled',
    );
  });

  it('lets no peer speak to the terminal', () => {
    const line = {
      msg: 'exchange',
      verb: 'POST',
      path: '/mcp',
      method: 'a\u001b[2J\nb\u202ec\u2028d',
      status: 200,
      ms: 1,
    };
    expect(describeLine(line, 'msg')).toBe('-        POST /mcp a?[2J?b?c?d → 200 1ms');
  });

  it('tells everything else as it is', () => {
    expect(describeLine({ msg: 'session closed', level: 30, reason: 'idle', session: 'a' }, 'msg')).toBe(
      'session closed reason=idle session=a',
    );
  });
});
