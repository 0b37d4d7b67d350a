import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnosis } from '../../server/diagnosis.js';
import { Metrics } from '../../server/metrics.js';
import { createRegistry } from '../../server/prometheus.js';
import { REFUSALS } from '../../server/refusal.js';

const page = readFileSync(join(import.meta.dirname, '../../docs/observability.md'), 'utf8');
const nothing = { sessions: () => [], streams: () => [], queuedEvents: () => 0, unsentBytes: () => 0, calls: () => 0 };

describe('docs/observability.md', () => {
  it('explains every diagnosis there is, and no other', () => {
    const explained = [...page.matchAll(/^\| `([a-z ]+)` +\|/gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual(Object.values(Diagnosis).sort());
  });

  it('names every cause of a refusal, and no other', () => {
    const [, list = ''] = /The `cause` of a refusal is one of (.*?)\.\n/s.exec(page) ?? [];
    expect([...list.matchAll(/`([a-z ]+)`/g)].map(([, name]) => name).sort()).toEqual([...REFUSALS].sort());
  });

  it('names every figure of ours, and no other', async () => {
    const registry = createRegistry(new Metrics({ knowsMethod: () => true, knowsTool: () => true }), nothing);
    const text = await registry.metrics();
    const told = [...text.matchAll(/^# TYPE (dualgauge_\w+) /gm)].map(([, name = '']) => name);
    // `…_closed_total` goes on where the name before it began.
    let stem = '';
    const named = [...page.matchAll(/`(dualgauge_\w+|…_\w+)`/g)].map(([, name = '']) => {
      if (name.startsWith('dualgauge_')) stem = name.replace(/_[a-z]+_(total|seconds)$/, '');
      return name.startsWith('dualgauge_') ? name : `${stem}${name.slice(1)}`;
    });
    expect([...new Set(named)].sort()).toEqual(told.sort());
  });
});
