import { describe, expect, it } from '@jest/globals';
import {
  HANDSHAKE_REVISIONS,
  isAtLeast,
  isHandshakeRevision,
  isRevision,
  negotiate,
  REVISIONS,
} from '../../../protocol/versions.js';

describe('negotiate', () => {
  it.each(HANDSHAKE_REVISIONS)('answers %s with itself', (revision) => {
    expect(negotiate(revision)).toBe(revision);
  });

  it.each(['2026-07-28', '1999-01-01', '2030-01-01', '', 'constructor', 7, {}])(
    'answers %p with 2025-11-25',
    (asked) => {
      expect(negotiate(asked)).toBe('2025-11-25');
    },
  );

  it('takes a client that names no version for one of 2025-03-26', () => {
    expect(negotiate(undefined)).toBe('2025-03-26');
  });
});

describe('revisions', () => {
  it('are listed newest first', () => {
    expect([...REVISIONS]).toEqual(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']);
  });

  it('know 2026-07-28 as a revision without a handshake', () => {
    expect(isRevision('2026-07-28')).toBe(true);
    expect(isHandshakeRevision('2026-07-28')).toBe(false);
  });

  it.each([undefined, null, 20260728, '', '2026-07-28 ', 'toString', ['2025-11-25']])('do not know %p', (value) => {
    expect(isRevision(value)).toBe(false);
    expect(isHandshakeRevision(value)).toBe(false);
  });

  it('are ordered by age', () => {
    for (const [index, revision] of REVISIONS.entries()) {
      for (const [otherIndex, other] of REVISIONS.entries()) {
        expect(isAtLeast(revision, other)).toBe(index <= otherIndex);
      }
    }
  });
});
