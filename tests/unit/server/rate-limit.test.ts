import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RateLimiter } from '../../../server/rate-limit.js';

describe('a rate limit', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('says how long to wait, and lets go when that is over', async () => {
    const limiter = new RateLimiter({ count: 2, seconds: 10 }, { name: 'calls' });
    const consume = () => limiter.consume('a', 1, true);
    expect([await consume(), await consume(), await consume()]).toEqual([undefined, undefined, 10]);
    jest.advanceTimersByTime(4000);
    expect(await consume()).toBe(6);
    jest.advanceTimersByTime(6001);
    expect(await consume()).toBeUndefined();
  });

  it('counts several at once', async () => {
    const limiter = new RateLimiter({ count: 10, seconds: 10 }, { name: 'calls' });
    expect(await limiter.consume('a', 10, false)).toBeUndefined();
    expect(await limiter.consume('a', 1, false)).toBe(10);
    expect(await limiter.consume('b', 11, false)).toBe(10);
  });

  it('remembers no more strangers than it may, and lets those beyond share one count', async () => {
    const limiter = new RateLimiter({ count: 2, seconds: 10 }, { name: 'calls', maxStrangers: 5 });
    for (let n = 0; n < 5; n += 1) expect(await limiter.consume(`early ${n}`, 1, true)).toBeUndefined();
    const late: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) late.push(await limiter.consume(`late ${n}`, 1, true));
    expect(late).toEqual([undefined, undefined, 10, 10]);
    expect(limiter.strangers).toBeLessThanOrEqual(6);
    // Those it knows, and those who proved who they are, do not pay for the others.
    expect(await limiter.consume('early 0', 1, true)).toBeUndefined();
    expect(await limiter.consume('somebody', 1, false)).toBeUndefined();
    jest.advanceTimersByTime(10_001);
    expect(limiter.strangers).toBe(0);
    expect(await limiter.consume('late 3', 1, true)).toBeUndefined();
  });

  it('goes on forgetting through many periods', async () => {
    const limiter = new RateLimiter({ count: 1, seconds: 1 }, { name: 'calls', maxStrangers: 50_000 });
    for (let period = 0; period < 5; period += 1) {
      for (let n = 0; n < 2000; n += 1) await limiter.consume(`${period} ${n}`, 1, true);
      expect(limiter.strangers).toBe(2000);
      jest.advanceTimersByTime(1001);
      expect(limiter.strangers).toBe(0);
    }
  });

  it('does not take the failure of its store for too much', async () => {
    const store = () => ({ consume: () => Promise.reject(new Error('away')), get: () => Promise.resolve(null) });
    const limiter = new RateLimiter({ count: 1, seconds: 1 }, { name: 'calls', store });
    await expect(limiter.consume('a', 1, false)).rejects.toThrow('away');
  });
});
