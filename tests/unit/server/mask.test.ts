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
    'pass',
    'pw',
    'signature',
    'X-Amz-Signature',
    'cvv',
  ])('is whatever is called %s', (name) => {
    expect(mask({ outer: [{ [name]: 'hunter2' }] })).toEqual({ outer: [{ [name]: '[masked]' }] });
    expect(mask({ [name]: { deep: 'hunter2' } })).toEqual({ [name]: '[masked]' });
  });

  it.each(['progressToken', 'maxTokens', 'name', 'message', 'passenger', 'author', 'code', 'passed', 'design'])(
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
    ['user: bob\npassword: hunter2\n', 'user: bob\npassword: [masked]\n'],
    ['X-Api-Key: hunter2', 'X-Api-Key: [masked]'],
    ['-H "X-Api-Key: hunter2"', '-H "X-Api-Key: [masked]"'],
    ['my password: hunter2', 'my password: [masked]'],
    ['{ password: hunter(2)! }', '{ password: [masked] }'],
    ['{"pin":271828}', '{"pin":[masked]}'],
    ['password: hunter2, user: bob', 'password: [masked], user: bob'],
    ['{"pin":271828,"a":1}', '{"pin":[masked],"a":1}'],
    ['password: hunter2\\nuser: bob', 'password: [masked]\\nuser: bob'],
    ['Set-Cookie: sid=hunter2; Path=/\nAge: 1', 'Set-Cookie: [masked]\nAge: 1'],
    ['-H "Cookie: a=hunter2; b=hunter2" -v', '-H "Cookie: [masked]" -v'],
    ['aws_secret_access_key = hunter2', 'aws_secret_access_key = [masked]'],
    ['https://a.example/x?X-Amz-Signature=hunter2&a=1', 'https://a.example/x?X-Amz-Signature=[masked]&a=1'],
    ['https://a.example/cb?code=hunter2&state=x', 'https://a.example/cb?code=[masked]&state=x'],
    ['code=hunter2&grant_type=authorization_code', 'code=[masked]&grant_type=authorization_code'],
    ['grant_type=authorization_code&code=hunter2', 'grant_type=authorization_code&code=[masked]'],
    ['github_pat_11ABCDEFG0abcdefghijkl_mn', '[masked]'],
    ['npm_abcdefghijklmnopqrstuvwxyz0123456789', '[masked]'],
    ['AIzaSyAabcdefghijklmnopqrstuvwxyz012345', '[masked]'],
    [
      'a\n-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\nb',
      'a\n-----BEGIN RSA PRIVATE KEY-----[masked]-----END RSA PRIVATE KEY-----\nb',
    ],
    ['-----BEGIN PRIVATE KEY-----\\nhunter2', '-----BEGIN PRIVATE KEY-----[masked]'],
  ])('is what looks like one: %s', (text, masked) => {
    expect(mask(text)).toBe(masked);
  });

  it.each([
    'The password is wrong, and the token expired',
    'Your password: it expires in a week',
    'Invalid token: expired',
    'exit code=1, and then code: -32600',
    '{"error":{"code":-32600,"message":"Invalid"}}',
    'https://a.example/?code=404',
    'pass: 12, fail: 3',
    'pass=12 fail=3',
    'prompt_tokens: 12',
    'if (token == null) return (token) => null;',
    'auth:login',
    'http://auth:8080/x',
    'skeletonization and skateboarding-tournament',
    'npm_config_registry=https://registry.example',
    '{"token":null}',
    '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----',
    'Cookie: a small biscuit',
    'required: password, token',
  ])('is not what only sounds like one: %s', (text) => {
    expect(mask(text)).toBe(text);
  });

  it('is all there is of a private key, where only its beginning is shown', () => {
    const text = mask(`-----BEGIN PRIVATE KEY-----\n${'hunter2'.repeat(1000)}\n-----END PRIVATE KEY-----`);
    expect(text).not.toContain('hunter2');
    expect(text).toContain('characters)');
  });

  it('is what stands behind its name in a pair', () => {
    const headers = [
      ['Authorization', 'hunter2'],
      ['Accept', 'text/html'],
    ];
    expect(mask({ headers })).toEqual({ headers: [['Authorization', '[masked]'], headers[1]] });
    expect(mask({ args: ['run', '--token', 'hunter2', '-v'] })).toEqual({ args: ['run', '--token', '[masked]', '-v'] });
  });

  it('is not one of two names of a schema', () => {
    const schema = { required: ['password', 'name'], enum: ['token', 'key'] };
    expect(mask(schema)).toEqual(schema);
  });

  it('is no number of tokens', () => {
    expect(mask({ prompt_tokens: 12 })).toEqual({ prompt_tokens: 12 });
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
    for (const piece of [
      '"a',
      "'",
      '\\"',
      'Bearer ',
      'eyJ.',
      'a:',
      'a=',
      'a-',
      'token=',
      'token: ',
      'a = ',
      ' =',
      'cookie: a',
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN ',
      '?code=',
      'sk-',
    ] as const)
      mask(piece.repeat(50_000));
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('leaves the original as it was', () => {
    const body = { password: 'hunter2' };
    mask(body);
    expect(body.password).toBe('hunter2');
  });
});
