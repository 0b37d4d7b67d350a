import { describe, expect, it } from '@jest/globals';
import { mask } from '../../../server/mask.js';

describe('what is masked in logged bodies', () => {
  it.each([
    'password',
    'Passwd',
    'client_secret',
    'accessToken',
    'refresh_token',
    'Authorization',
    'apiKey',
    'api-key',
    'private_key',
    'cookie',
    'otp',
    'requestState',
    'sessionId',
  ])('is whatever is called %s', (name) => {
    expect(mask({ outer: [{ [name]: 'hunter2' }] })).toEqual({ outer: [{ [name]: '[masked]' }] });
    expect(mask({ [name]: { deep: 'hunter2' } })).toEqual({ [name]: '[masked]' });
  });

  it.each(['progressToken', 'maxTokens', 'name', 'message', 'passenger', 'author'])(
    'is not what is called %s',
    (name) => {
      expect(mask({ [name]: 'plain' })).toEqual({ [name]: 'plain' });
    },
  );

  it.each([
    ['call me with Bearer abcdef.ghijkl', 'call me with Bearer [masked]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '[masked]'],
    ['key sk-proj-abcdefghijklmnop1234', 'key [masked]'],
    ['redis://user:hunter2@host/0', 'redis://user:[masked]@host/0'],
    ['{"password":"hunter2","a":1}', '{"password":"[masked]","a":1}'],
    ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":\\"[masked]\\"}'],
    ["password='hunter2'", "password='[masked]'"],
    ['https://a.example/?token=hunter2&page=2#end', 'https://a.example/?token=[masked]&page=2#end'],
    ['API_KEY=hunter2 PORT=8080', 'API_KEY=[masked] PORT=8080'],
    ['page=2&token="hunter2"', 'page=2&token="[masked]"'],
  ])('is what looks like one: %s', (text, masked) => {
    expect(mask(text)).toBe(masked);
  });

  it.each(['name', 'key'])('is the value of what says by its %s that it is secret', (key) => {
    const headers = [
      { [key]: 'X-Api-Key', value: 'hunter2' },
      { [key]: 'Accept', value: 'text/html' },
    ];
    expect(mask({ headers })).toEqual({ headers: [{ [key]: 'X-Api-Key', value: '[masked]' }, headers[1]] });
  });

  it('is what would speak to the terminal of its reader, or begin a line', () => {
    expect(mask({ 'a\u009b': ['b\u2028\u202ec\u0085\n'] })).toEqual({ 'a?': ['b??c?\n'] });
  });

  it.each(['0af76519-16cd-43dd-8448-eb211c80319c', '0af7651916cd43dd8448eb211c80319c'])(
    'is most of a session id, wherever it stands: %s',
    (id) => {
      expect(mask({ [id]: [`in ${id}.`] })).toEqual({ '0af76519': ['in 0af76519.'] });
      for (let at = 1960; at <= 2000; at += 1)
        expect(mask(`${'x'.repeat(at)}${id} and more`)).not.toMatch(/0af76519-?1/);
      expect(mask(`${id} `.repeat(100))).not.toMatch(/0af76519-?1/);
    },
  );

  it('is bounded, however large and deep the body', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 60; level += 1) deep = { deep };
    const text = JSON.stringify(mask({ deep, long: 'x'.repeat(1e6), many: Array.from({ length: 1e5 }, () => 1) }));
    expect(text.length).toBeLessThan(5000);
  });

  it('takes no time that an attacker could stretch', () => {
    const before = performance.now();
    for (const piece of ['"a', "'", '\\"', 'Bearer ', 'eyJ.', 'a:', 'a=', 'a-', 'token='] as const)
      mask(piece.repeat(50_000));
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('leaves the original as it was', () => {
    const body = { password: 'hunter2' };
    mask(body);
    expect(body.password).toBe('hunter2');
  });
});
