import { describe, expect, it } from '@jest/globals';
import { Timeline } from '../../../server/timeline.js';

function fill(timeline: Timeline, session: string | undefined, count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1) timeline.add(session, 'exchange', { n });
}

function numbers(timeline: Timeline, session: string | undefined): unknown[] {
  return timeline.of(session).map(({ facts }) => (facts as { n: number }).n);
}

describe('a timeline', () => {
  it('keeps the last of each session, and of what came without one', () => {
    const timeline = new Timeline({ perSession: 3 });
    fill(timeline, 'a', 5);
    fill(timeline, undefined, 4);
    fill(timeline, 'b', 1);
    expect(numbers(timeline, 'a')).toEqual([2, 3, 4]);
    expect(numbers(timeline, undefined)).toEqual([1, 2, 3]);
    expect(numbers(timeline, 'b')).toEqual([0]);
    expect(timeline.size).toBe(7);
  });

  it('keeps no more than it may of all sessions together, and takes from each in turn', () => {
    const timeline = new Timeline({ perSession: 10, total: 40 });
    for (let session = 0; session < 10; session += 1) fill(timeline, `s${session}`, 10);
    expect(timeline.size).toBeLessThanOrEqual(40);
    expect(numbers(timeline, 's9')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('never lets a busy old session lose everything to new ones', () => {
    const timeline = new Timeline({ perSession: 10, total: 40 });
    for (let round = 0; round < 200; round += 1) {
      fill(timeline, 'old', 1, round);
      fill(timeline, `new${round}`, 1);
    }
    expect(timeline.size).toBeLessThanOrEqual(40);
    expect(numbers(timeline, 'old').at(-1)).toBe(199);
  });

  it('forgets sessions of which nothing is left', () => {
    const timeline = new Timeline({ total: 5 });
    for (let session = 0; session < 100; session += 1) fill(timeline, `s${session}`, 1);
    expect(timeline.of('s0')).toEqual([]);
    expect(timeline.latest(100)).toHaveLength(5);
  });

  it('stays within its bound where each session in turn is the only one', () => {
    const timeline = new Timeline({ perSession: 10, total: 1 });
    for (let session = 0; session < 10; session += 1) {
      fill(timeline, `s${session}`, 3);
      expect(timeline.size).toBe(1);
    }
  });

  it('tells those who watch, until they stop', () => {
    const timeline = new Timeline();
    const heard: unknown[] = [];
    const stop = timeline.watch((session, { event }) => heard.push([session, event]));
    timeline.add('a', 'exchange', {});
    timeline.tell(undefined, 'stream opened', {});
    stop();
    timeline.add('a', 'exchange', {});
    expect(heard).toEqual([
      ['a', 'exchange'],
      [undefined, 'stream opened'],
    ]);
    expect(timeline.size).toBe(2);
  });
});
