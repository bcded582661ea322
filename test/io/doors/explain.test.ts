// What is asked to explain a name, and its name in DNS among all the others.

import { expect, test } from 'vitest';

import type { Asker } from '../../../src/io/doors/explain.ts';
import { explainBy } from '../../../src/io/doors/explain.ts';
import { zoneTextOf } from '../../../src/doors/dns/zone.ts';
import type { Name } from '../../../src/protocol/ids.ts';

/** A catalogue of services, each of which has been there. */
function askerOf(names: readonly string[]): Asker {
  const view = { complete: true, missing: [], missingCount: 0 };
  const rowOf = (service: Name) => ({
    ...{ ageMs: 1_000, event: 'removed', service, instance: '1'.repeat(32), address: 'h:1' },
    ...{ host: 'h1', cluster: 'ams', servers: ['h1-a'], cause: 'closed' },
  });
  return {
    lookup: () => Promise.resolve({ ...view, instances: [] }),
    services: () => Promise.resolve({ services: names.map((name) => ({ name })) }),
    servers: () => Promise.resolve({ ...view, servers: [] }),
    events: ({ service }: { service?: Name }) =>
      Promise.resolve({
        rows: service === undefined ? [] : [rowOf(service)],
        reachesBackMs: 9_000,
      }),
  } as unknown as Asker;
}

async function dnsOf(name: string, names: readonly string[], zone = 'own.example') {
  const { sentences } = await explainBy(askerOf(names), name as Name, () => zone);
  return sentences.at(-1);
}

test('a name in DNS is that of the service, or there is none', async () => {
  const services = ['web', 'Web', 'my_service', 'My_Service', 'Api.v2', '_x'];

  expect(await dnsOf('web', services)).toBe('In DNS it is web.own.example.');
  expect(await dnsOf('Api.v2', services)).toBe('In DNS it is api.v2.own.example.');
  expect(await dnsOf('gone', services)).toBe('In DNS it is gone.own.example.');
  expect(await dnsOf('Web', services)).toBe('It has no name in DNS: web is service web there.');
  expect(await dnsOf('my_service', services)).toBe(
    'It has no name in DNS: two services are called "my_service" here: My_Service, my_service.',
  );
  expect(await dnsOf('_x', services)).toBe('It has no name in DNS: a part of it begins with _.');
});

test('where the environment makes no zone, its name in DNS is said to be unknown', async () => {
  const { sentences } = await explainBy(askerOf(['web']), 'web' as Name, () => zoneTextOf('x-'));

  expect(sentences.at(-1)).toBe(
    'Its name in DNS is not known here: x-.rarangi.internal is not a valid name in DNS: ' +
      'give a zone with --dns-zone.',
  );
});
