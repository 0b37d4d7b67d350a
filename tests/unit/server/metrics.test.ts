import { describe, expect, it } from '@jest/globals';
import { Metrics } from '../../../server/metrics.js';

describe('what is counted of an event', () => {
  it('is how long it waited, where somebody knows', () => {
    const metrics = new Metrics({ knowsMethod: () => true, knowsTool: () => true });
    metrics.eventWritten(7);
    metrics.eventWritten(NaN);
    expect([metrics.delivery.count, metrics.delivery.sum]).toEqual([1, 7]);
  });
});
