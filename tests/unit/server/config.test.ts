import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../../server/config.js';

function refusal(env: Record<string, string>): unknown {
  try {
    return readConfig(env);
  } catch (error) {
    return error;
  }
}

describe('REDIS_URL', () => {
  it.each([
    ['localhost:6379', /redis:\/\/ or rediss:\/\//],
    ['redis://h:99999', /redis:\/\/ or rediss:\/\//],
    ['redis://h/abc', /number of a database/],
    ['redis://h/1/2', /number of a database/],
    ['redis://h/-1', /number of a database/],
    ['redis://h/1.5', /number of a database/],
    ['redis://user:hunter2%zz@h', /%25/],
    ['redis://us%er:hunter2@h', /%25/],
  ])('is refused in words that name it, and show none of it: %s', (value, expected) => {
    const error = refusal({ REDIS_URL: value });
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/REDIS_URL cannot be used/);
    expect(String(error)).toMatch(expected);
    expect(String(error)).not.toContain('hunter2');
  });

  it.each(['redis://h', 'redis://h/', 'rediss://u:p%25zz@h:6380/3', 'redis://[::1]:6379/0'])('may be %s', (value) => {
    expect(refusal({ REDIS_URL: value })).toMatchObject({ settings: { redisUrl: value } });
  });
});
