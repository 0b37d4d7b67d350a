import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { View } from '../../server/debug-view.js';
import { EventRelay } from '../../server/event-relay.js';
import { createSharedView, type Others, signedBy } from '../../server/shared-view.js';
import { Timeline, type TimelineItem } from '../../server/timeline.js';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisPeers } from '../../transports/stores/redis-peers.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';

describeWith(['redis-server'], 'what several instances tell together', () => {
  let server: RedisServer;
  let prefix: string;
  const open: RedisConnection[] = [];

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  beforeEach(() => {
    prefix = `${randomUUID()}:`;
  });

  afterEach(() => {
    for (const redis of open.splice(0)) redis.close();
  });

  afterAll(() => server.close());

  async function viewOf(instance: string, ...happened: [at: number, event: string][]): Promise<View> {
    const redis = new RedisConnection({ url: server.url, prefix });
    open.push(redis);
    await redis.connect();
    const peers = new RedisPeers(redis, instance);
    await peers.start();
    const timeline = new Timeline();
    for (const [at, event] of happened) timeline.add(undefined, event, {}, at);
    const own = signedBy(instance, noSessions(timeline));
    const others = Object.assign(peers, {
      sessions: () => Promise.resolve([]),
      count: () => Promise.resolve(0),
      lifeOf: () => 0,
    }) satisfies Others;
    return createSharedView(own, others, new EventRelay(own, others));
  }

  it('is in the same order whichever is asked, also when it happened in the same moment', async () => {
    const views = [
      await viewOf('b', [5, 'first of b'], [5, 'second of b'], [6, 'last']),
      await viewOf('c', [5, 'of c']),
      await viewOf('a', [4, 'first'], [5, 'of a']),
    ];
    for (const view of views)
      expect(namesOf((await view.timeline()).timeline)).toEqual([
        'first',
        'of a',
        'first of b',
        'second of b',
        'of c',
        'last',
      ]);
  });
});

function noSessions(timeline: Timeline): View {
  const items = (): { timeline: TimelineItem[] } => ({ timeline: timeline.of(undefined) });
  return {
    sessions: () => Promise.resolve({ count: 0, sessions: [] }),
    session: () => Promise.resolve(undefined),
    exchanges: () => Promise.resolve(items()),
    timeline: () => Promise.resolve(items()),
    watch: () => () => undefined,
  };
}

function namesOf(items: readonly TimelineItem[]): string[] {
  return items.map(({ event }) => event);
}
