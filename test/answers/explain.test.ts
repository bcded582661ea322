// What is known of a name, in sentences.

import { expect, test } from 'vitest';
import { explanationOf, type Findings } from '../../src/answers/explain.ts';
import type { EventInfo } from '../../src/answers/history.ts';
import type { InstanceInfo, PeerInfo } from '../../src/answers/shapes.ts';
import type { ViewInfo } from '../../src/answers/view.ts';

const WHOLE = { complete: true, missing: [], missingCount: 0 };

function findings(given: Partial<Findings>): Findings {
  return {
    name: 'web',
    view: WHOLE,
    instances: [],
    servers: [],
    gone: [],
    events: [],
    dns: { name: 'web.production.rarangi.internal' },
    ...given,
  };
}

function instance(id: string, host: string, more: Partial<InstanceInfo> = {}): InstanceInfo {
  const what = { name: 'web', instance: id, address: '10.0.0.3', port: 8000, tags: {} };
  return { ...what, cluster: 'ams', host, state: 'live', ...more };
}

function event(what: EventInfo['event'], id: string, more: Partial<EventInfo> = {}): EventInfo {
  const where = { host: 'h3', cluster: 'ams', server: 'h3-a', address: '10.0.0.7:8000' };
  return { time: '', ageMs: 14_200, event: what, service: 'web', instance: id, ...where, ...more };
}

test('a service: what is there and since when, what went and why, and its name in DNS', () => {
  const { sentences, kinds, isThere } = explanationOf(
    findings({
      instances: [instance('1', 'h1'), instance('2', 'h3')],
      events: [
        event('registered', '1', { host: 'h1', server: 'h1-a', ageMs: 90_000 }),
        event('registered', '3'),
        event('removed', '3', { cause: 'closed', detail: 'its connection ended' }),
      ],
    }),
  );

  expect([kinds, isThere]).toEqual([['service'], true]);
  expect(sentences).toEqual([
    'web: 2 live (h1, h3).',
    '10.0.0.3:8000 on h1 was registered 90 s ago at h1-a.',
    '10.0.0.3:8000 on h3 was registered before the oldest event that this server remembers.',
    'A third, 10.0.0.7:8000 on h3, was removed 14 s ago: closed, its connection ended.',
    'In DNS it is web.production.rarangi.internal.',
  ]);
});

test('what is back was not lost, and what went stale says why', () => {
  const { sentences } = explanationOf(
    findings({
      instances: [instance('1', 'h1'), instance('2', 'h4', { state: 'stale' })],
      view: { complete: false, missing: ['h4'], missingCount: 1, why: 'split' },
      dns: { reason: 'a part of it begins with _' },
      events: [
        event('removed', '1', { cause: 'closed', ageMs: 60_000 }),
        event('registered', '1', { host: 'h1', server: 'h1-b', ageMs: 59_000 }),
        event('stale', '2', { cause: 'split', detail: 'host h4 is cut off' }),
      ],
    }),
  );

  expect(sentences).toEqual([
    'web: 1 live (h1), 1 stale (h4).',
    '10.0.0.3:8000 on h1 was registered 59 s ago at h1-b.',
    '10.0.0.3:8000 on h4 went stale 14 s ago: split, host h4 is cut off.',
    'It has no name in DNS: a part of it begins with _.',
    'The view is not complete: a server in reach has just lost hosts, or hosts are cut off by a net-split; missing hosts: h4.',
  ]);
});

test('a host: its servers, those that are gone, and what was removed there', () => {
  const server = { name: 'h3-a', host: 'h3', state: 'reachable', registrations: 4 } as PeerInfo;
  const lost = { name: 'h3-b', host: 'h3', state: 'crashed', agoMs: 14_000 } as const;
  const { sentences, kinds } = explanationOf(
    findings({
      name: 'h3',
      servers: [server],
      gone: [{ ...lost, origin: '', cluster: 'ams', role: 'leaf', addresses: [] }],
      events: [event('removed', '1', { cause: 'unhealthy', detail: 'http://x: 503' })],
    }),
  );

  expect(kinds).toEqual(['host']);
  expect(sentences).toEqual([
    'h3: h3-a is reachable and holds 4 registrations.',
    'h3-b is considered crashed, last in reach 14 s ago.',
    'One instance was removed there: web 10.0.0.7:8000, 14 s ago: unhealthy, http://x: 503.',
  ]);
});

test('an instance: what it is or was, and what happened to it', () => {
  const id = '0123456789abcdef'.repeat(2);
  const { sentences, isThere } = explanationOf(
    findings({
      name: id,
      events: [
        event('registered', id, { ageMs: 60_000 }),
        event('removed', id, { cause: 'crash' }),
      ],
    }),
  );

  expect(isThere).toBe(false);
  expect(sentences).toEqual([
    `${id} was web, 10.0.0.7:8000 on h3.`,
    'Registered 60 s ago at h3-a.',
    'Removed 14 s ago: crash.',
  ]);
});

test('of what is not known it says so, and only from a complete view that it is nothing', () => {
  const view: ViewInfo = { complete: false, missing: [], missingCount: 0, why: 'unsynced' };

  expect(explanationOf(findings({})).sentences).toEqual([
    'web is no service, no host and no instance that is known here.',
  ]);
  expect(explanationOf(findings({ view })).sentences[0]).toBe('Cannot tell what web is.');
});
