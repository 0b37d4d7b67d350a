// Everything we could think of doing to it, each judged by the same oracle: it lives, nothing is left behind, nothing leaks.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AbuseCase, VictimName } from '../support/abuse/abuse-case.js';
import { Attack } from '../support/abuse/attack.js';
import { AUTH } from '../support/abuse/auth.js';
import { BODIES } from '../support/abuse/bodies.js';
import { EXHAUSTION } from '../support/abuse/exhaustion.js';
import { FRAMING } from '../support/abuse/framing.js';
import { HEADERS } from '../support/abuse/headers.js';
import { IDS } from '../support/abuse/ids.js';
import { ISOLATION } from '../support/abuse/isolation.js';
import { JSON_CASES } from '../support/abuse/json.js';
import { judge, judgePrinted } from '../support/abuse/oracle.js';
import { SECRETS } from '../support/abuse/secrets.js';
import { VERSIONS } from '../support/abuse/versions.js';
import { type Gauges, Victim } from '../support/abuse/victim-process.js';

const TABLES: [string, readonly AbuseCase[]][] = [
  ['framing', FRAMING],
  ['bodies', BODIES],
  ['JSON', JSON_CASES],
  ['ids', IDS],
  ['versions', VERSIONS],
  ['headers', HEADERS],
  ['auth', AUTH],
  ['isolation', ISOLATION],
  ['exhaustion', EXHAUSTION],
];

const SHORT = {
  legacyResumeMs: 100,
  sessionIdleMs: 60_000,
  stallMs: 2000,
  headersTimeoutMs: 1500,
  requestTimeoutMs: 2500,
};
const SMALL = { maxSessions: 20, maxCallsPerSession: 10, streamBufferBytes: 65_536 };
const TOKENS = [
  { name: 'ann', token: SECRETS.ann },
  { name: 'bob', token: SECRETS.bob, scopes: ['read'] },
];
const OPTIONS = {
  open: { ...SHORT, ...SMALL },
  guarded: { ...SHORT, ...SMALL, authTokens: TOKENS },
  roomy: { ...SHORT, maxBodyBytes: 8 * 1024 * 1024, requestTimeoutMs: 30_000 },
} as const;

const NAMES: readonly VictimName[] = ['open', 'guarded', 'roomy'];
const victims = new Map<VictimName, Victim>();
const baselines = new Map<VictimName, Gauges>();

beforeAll(async () => {
  await Promise.all(
    NAMES.map(async (name) => {
      const victim = await Victim.start(OPTIONS[name]);
      victims.set(name, victim);
      baselines.set(name, await victim.gauges());
    }),
  );
}, 60_000);

afterAll(async () => {
  await Promise.all([...victims.values()].map((victim) => victim.stop()));
});

describe.each(TABLES)('%s', (_table, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, { victim: name = 'open', status, run }) => {
      const victim = victims.get(name);
      const baseline = baselines.get(name);
      if (victim === undefined || baseline === undefined) throw new Error(`There is no victim called ${name}`);
      const attack = new Attack(victim);
      try {
        await run(attack);
      } finally {
        await judge(attack, baseline);
      }
      const statuses = attack.answers.map((answer) => answer.status);
      if (status === 'hang-up') expect(statuses).toEqual([]);
      else if (status !== undefined) {
        expect(statuses.length).toBeGreaterThan(0);
        for (const one of statuses) expect(status).toContain(one);
      }
    },
    60_000,
  );
});

describe('the suite', () => {
  it('has at least 150 cases, no two of one name', () => {
    const names = TABLES.flatMap(([table, cases]) => cases.map(({ name }) => `${table}: ${name}`));
    expect(names.length).toBeGreaterThanOrEqual(150);
    expect(new Set(names).size).toBe(names.length);
  });

  it('leaves victims that live, and logs that keep what they should', () => {
    for (const victim of victims.values()) {
      expect(victim.isAlive).toBe(true);
      judgePrinted(victim.printed);
    }
    // The oracle sees what is printed: this one is logged, since it is ours to mend.
    expect(victims.get('open')?.printed).toContain(SECRETS.thrown);
  });
});
