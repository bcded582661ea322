import { expect, test } from 'vitest';

import type { Offer } from '../../src/index.ts';
import { checkServices, type SidecarService } from '../../src/sidecar/service.ts';

function service(offer: Offer): SidecarService {
  return { offer, ready: { kind: 'none' }, check: { kind: 'none' } };
}

test('the same name may be offered at several ports and addresses', () => {
  const offers = [
    { name: 'web', port: 80 },
    { name: 'web', port: 81 },
    { name: 'web', port: 80, address: '10.0.0.7' },
  ];

  expect(() => {
    checkServices(offers.map(service));
  }).not.toThrow();
});

test.each<[Offer[], RegExp]>([
  [[{ name: 'a b', port: 80 }], /a b/],
  [[{ name: 'a', port: 65_536 }], /65536 is not a port/],
  [[{ name: 'a', port: 80, tags: { 'a key': '1' } }], /a key/],
  [
    [
      { name: 'a', port: 80, tags: { v: '1' } },
      { name: 'a', port: 80 },
    ],
    /offered twice at one address and port/,
  ],
])('%j cannot be offered', (offers, complaint) => {
  expect(() => {
    checkServices(offers.map(service));
  }).toThrow(complaint);
});
