import { createRequire } from 'node:module';
import type * as RateLimiters from 'rate-limiter-flexible';

const require = createRequire(import.meta.url);

/** The counters. Loaded with the first limit: on a loopback bind there is none, and a start should not wait for them. */
export function rateLimiterPackage(): typeof RateLimiters {
  return require('rate-limiter-flexible') as typeof RateLimiters;
}
