import { createRequire } from 'node:module';
import type * as Redis from 'redis';

const require = createRequire(import.meta.url);

/** The client library. Loaded with the first connection: that takes as long as all the rest of a start, and most servers have no Redis. */
export function redisPackage(): typeof Redis {
  return require('redis') as typeof Redis;
}
