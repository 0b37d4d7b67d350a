import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { clientAddress, networkOf } from '../../../server/client-address.js';

function from(forwarded: string | undefined, remoteAddress = '10.0.0.9'): IncomingMessage {
  return { headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } } as unknown as IncomingMessage;
}

describe('the address of a client', () => {
  it.each<[number, string | undefined, string]>([
    [0, undefined, '10.0.0.9'],
    [0, '192.0.2.1', '10.0.0.9'],
    [1, undefined, '10.0.0.9'],
    [1, '192.0.2.1', '192.0.2.1'],
    [1, '198.51.100.7, 192.0.2.1', '192.0.2.1'],
    [2, '198.51.100.7, 192.0.2.1, 10.0.0.8', '192.0.2.1'],
    [2, '192.0.2.1', '192.0.2.1'],
    [5, '198.51.100.7, 192.0.2.1', '198.51.100.7'],
    [1, '192.0.2.1:4711', '192.0.2.1'],
    [1, '[2001:db8::1]:443', '2001:db8::1'],
    [1, '2001:db8::1', '2001:db8::1'],
    [1, 'unknown', '10.0.0.9'],
    [1, '192.0.2.1, ', '10.0.0.9'],
    [2, 'evil, 192.0.2.1', '192.0.2.1'],
    [2, '192.0.2.1, nonsense', '10.0.0.9'],
    [1, `${'1.1.1.1,'.repeat(1000)}192.0.2.1`, '192.0.2.1'],
  ])('behind %i proxies that wrote "%s" is %s', (proxies, forwarded, address) => {
    expect(clientAddress(from(forwarded), proxies)).toBe(address);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::ffff', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s belongs to the network %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
