// What every session store promises, whoever made it. A store runs it with `sessionStoreContract('its name', make)`.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ANONYMOUS, type Principal } from '../../protocol/call.js';
import type { LogLevel } from '../../protocol/mcp.js';
import { Session } from '../../transports/session.js';
import type { SessionStore } from '../../transports/session-store.js';

export interface StoreUnderTest {
  readonly store: SessionStore;
  close(): void | Promise<void>;
}

const ADA: Principal = { id: 'ada', isAnonymous: false };
const BOB: Principal = { id: 'bob', isAnonymous: false };
const LIMITS = { maxSessions: 5, maxSessionsPerPrincipal: 2 };
const TTL_MS = 60_000;

export function sessionStoreContract(name: string, make: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  describe(`the session store (${name})`, () => {
    let made: StoreUnderTest;
    let store: SessionStore;

    beforeEach(async () => {
      made = await make();
      store = made.store;
    });

    afterEach(() => made.close());

    function session(principal: Principal = ANONYMOUS, id: string = randomUUID()): Session {
      const link = {
        tag: store.tag,
        save: (one: Session) => store.save(one),
        detached: () => undefined,
        announce: () => 0,
        signal: () => undefined,
        deliver: () => undefined,
      };
      const made = new Session(id, 'streamable', principal, link);
      made.begin({
        revision: '2025-06-18',
        client: { info: { name: 'x', version: '1' }, capabilities: { roots: {} } },
      });
      return made;
    }

    async function create(principal?: Principal): Promise<Session> {
      const one = session(principal);
      expect(await store.create(one, LIMITS, TTL_MS)).toBe('created');
      return one;
    }

    it('gives back what it was given', async () => {
      const one = await create(ADA);
      expect((await store.get(one.id))?.record).toMatchObject({
        id: one.id,
        door: 'streamable',
        principal: ADA,
        revision: '2025-06-18',
        client: { info: { name: 'x', version: '1' }, capabilities: { roots: {} } },
        isInitialized: true,
        logLevel: 'info',
      });
      expect(await store.get(randomUUID())).toBeUndefined();
    });

    it('takes an id once', async () => {
      const one = await create();
      expect(await store.create(session(ADA, one.id), LIMITS, TTL_MS)).toBe('taken');
      expect((await store.get(one.id))?.record.principal.id).toBe(ANONYMOUS.id);
    });

    it('takes no more than there may be, at once or one by one, and again when one has gone', async () => {
      const all = Array.from({ length: 8 }, () => session());
      const created = await Promise.all(all.map(async (one) => store.create(one, LIMITS, TTL_MS)));
      expect(created.filter((outcome) => outcome === 'created')).toHaveLength(5);
      expect(await store.count()).toBe(5);
      expect(await store.create(session(), LIMITS, TTL_MS)).toBe('full');
      const kept = all[created.indexOf('created')];
      if (kept) await store.delete(kept, 'deleted');
      expect(await store.count()).toBe(4);
      await create();
    });

    it('takes no more of one caller than it may have, and as many of those who prove nothing as there is room', async () => {
      const [first] = [await create(ADA), await create(ADA)];
      expect(await store.create(session(ADA), LIMITS, TTL_MS)).toBe('principal full');
      await create(BOB);
      await store.delete(first, 'deleted');
      await create(ADA);
      await create();
      await create();
      expect(await store.create(session(BOB), LIMITS, TTL_MS)).toBe('full');
    });

    it('keeps what changes, and only of what is there', async () => {
      const one = await create();
      await store.watch(one, () => undefined);
      one.logLevel = 'debug' satisfies LogLevel;
      one.subscriptions.add('a:1');
      one.subscriptions.add('a:2');
      await store.save(one);
      one.subscriptions.delete('a:1');
      await store.save(one);
      const kept = (await store.get(one.id))?.record;
      expect([kept?.logLevel, [...(kept?.subscriptions ?? [])]]).toEqual(['debug', ['a:2']]);
      const never = session();
      await store.save(never);
      expect(await store.get(never.id)).toBeUndefined();
      await store.unwatch(one.id);
    });

    it('knows whether one is still there', async () => {
      const one = await create();
      expect(await store.touch(one, TTL_MS)).toBe(true);
      await store.delete(one, 'deleted');
      expect(await store.touch(one, TTL_MS)).toBe(false);
      expect(await store.get(one.id)).toBeUndefined();
    });

    it('ends one as often as it is told to, and never puts back what was ended', async () => {
      const one = await create();
      expect(await store.delete(one, 'deleted')).toBe(0);
      await store.delete(one, 'deleted');
      expect(await store.restore(one, TTL_MS)).toBe(false);
      expect(await store.count()).toBe(0);
    });
  });
}
