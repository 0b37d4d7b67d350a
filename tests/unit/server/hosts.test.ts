import { describe, expect, it } from '@jest/globals';
import { hostName, isAllowedHost } from '../../../server/hosts.js';

describe('an allowed host', () => {
  it.each([
    ['us.example', ['us.example'], true],
    ['them.example', ['us.example'], false],
    ['10.1.2.3', ['us.example'], false],
    ['10.1.2.3', ['us.example', 'ip'], true],
    ['[fd00::1]', ['ip'], true],
    ['rebound.example', ['ip'], false],
    ['10.1.2.3.example', ['ip'], false],
  ])('%s among %j: %s', (name, allowed, expected) => {
    expect(isAllowedHost(name, new Set(allowed))).toBe(expected);
  });

  it.each([
    ['us.example:8080', 'us.example'],
    ['[::1]:80', '[::1]'],
    ['US.example', 'us.example'],
    ['us.example, them.example', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('is read from %j as %j', (header, name) => {
    expect(hostName(header)).toBe(name);
  });
});
