// The table of routes, tags of answers, offers, and what other programs read.

import { expect, test } from 'vitest';

import type { InstanceInfo } from '../../../src/answers/shapes.ts';
import { assignmentOf } from '../../../src/doors/http/envoy.ts';
import { etagOf, isNamedIn } from '../../../src/doors/http/etag.ts';
import { eventText } from '../../../src/doors/http/events.ts';
import { offersIn } from '../../../src/doors/http/offers.ts';
import { targetGroupOf } from '../../../src/doors/http/prometheus.ts';
import type { Route } from '../../../src/doors/http/routes.ts';
import { matchRoute, millisecondsOf, queryOf } from '../../../src/doors/http/routes.ts';
import { traefikOf } from '../../../src/doors/http/traefik.ts';
import { viewHeaders } from '../../../src/doors/http/view.ts';
import type { Instance } from '../../../src/protocol/records.ts';

function routeOf(path: string, method = 'GET'): Route {
  const match = matchRoute(method, path);
  if (match.kind !== 'found') throw new Error(`${method} ${path}: ${match.kind}`);
  return match.route;
}

function instanceOf(digit: string, more: object = {}): Instance {
  return {
    registration: {
      instance: digit.repeat(32),
      revision: 1,
      service: 'web',
      address: '10.0.0.3',
      port: 80,
      scheme: null,
      tags: [],
    },
    cluster: 'ams',
    host: 'h3',
    state: 'live',
    ...more,
  } as unknown as Instance;
}

const INFO: InstanceInfo = {
  name: 'web',
  instance: '0'.repeat(32),
  address: '10.0.0.3',
  port: 8000,
  scheme: 'http',
  tags: {},
  cluster: 'ams',
  host: 'h3',
  state: 'live',
};

test('a path is found with its part, HEAD as GET; another method is told which there are', () => {
  expect(matchRoute('HEAD', '/v1/services/a%2Eb')).toMatchObject({
    kind: 'found',
    part: 'a.b',
    route: { name: 'service' },
  });
  expect(matchRoute('POST', '/v1/services')).toEqual({ kind: 'method', allowed: ['GET', 'HEAD'] });
  expect(matchRoute('GET', '/v1/nothing')).toEqual({ kind: 'unknown' });
  expect(matchRoute('GET', '/v1/services/a/b')).toEqual({ kind: 'unknown' });
});

test.each([
  [
    'tag=a=b&tag=c=d&live',
    new Map([
      ['tag', ['a=b', 'c=d']],
      ['live', ['']],
    ]),
  ],
  [
    'nonsense=1',
    '/v1/services/{name} has no parameter nonsense: there are tag, cluster, live, all, one, format, wait',
  ],
  ['live=no', 'live=no is wrong: the parameter live has no value, or 1 or true'],
  ['tag=a', 'tag=a is not KEY=VALUE'],
  ['wait=30', 'wait=30 is not a duration: write it as 500ms, 2s, 5m or 1h'],
  ['one&one', 'the parameter one is given twice'],
  ['format=xml', 'format=xml is none of hostport, host, port, uri, env'],
  ['cluster=%E0', 'the parameter cluster=%E0 cannot be read'],
  [
    '__proto__=1',
    '/v1/services/{name} has no parameter __proto__: there are tag, cluster, live, all, one, format, wait',
  ],
] as const)('parameters %s', (text, expected) => {
  expect(queryOf(routeOf('/v1/services/web'), text)).toEqual(expected);
});

test('a missing parameter that a route needs is asked for', () => {
  expect(queryOf(routeOf('/v1/watch'), '')).toBe('/v1/watch needs the parameter service=');
});

test.each([
  ['500ms', 500],
  ['2s', 2_000],
  ['5m', 300_000],
  ['0', 0],
  ['2', null],
])('the duration %s is %s', (text, expected) => {
  expect(millisecondsOf(text)).toBe(expected);
});

test('a tag says what an answer says, whatever its order', () => {
  const [one, other] = [instanceOf('1'), instanceOf('2')];
  const view = { complete: true, missing: [] };
  const tag = etagOf({ ...view, instances: [one, other] });

  expect(etagOf({ ...view, instances: [other, one] })).toBe(tag);
  for (const changed of [
    { ...view, instances: [one] },
    { ...view, instances: [one, instanceOf('2', { state: 'stale' })] },
    { complete: false, missing: [], instances: [one, other] },
    { complete: true, missing: ['h4'], instances: [one, other] },
  ]) {
    expect(etagOf(changed)).not.toBe(tag);
  }
  expect(etagOf({ ...view, instances: [one, instanceOf('2', { state: 'suspect' })] })).toBe(tag);
  const asked = etagOf({ ...view, instances: [one, other], asked: ['m', 'other'] });
  expect(asked).not.toBe(etagOf({ ...view, instances: [one, other], asked: ['m'] }));
  expect(asked).toBe(etagOf({ ...view, instances: [one, other], asked: ['other', 'm'] }));
  expect([isNamedIn(`"x", ${tag}`, tag), isNamedIn('*', tag), isNamedIn('"x"', tag)]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a tag rests on what is shown, and says how many are not where nothing is', () => {
  const live = instanceOf('1');
  const [stale, other] = [instanceOf('2', { state: 'stale' }), instanceOf('3', { state: 'stale' })];
  const tagOf = (instances: readonly Instance[], choice: object): string =>
    etagOf({ complete: true, missing: [], instances, choice });

  expect(tagOf([live, stale], {})).toBe(tagOf([live], {}));
  expect(tagOf([live, stale], { live: true })).toBe(tagOf([live], { live: true }));
  expect(tagOf([live, stale], { all: true })).not.toBe(tagOf([live], { all: true }));
  expect(tagOf([stale, other], {})).not.toBe(tagOf([stale], {}));
  expect(tagOf([stale], { live: true })).not.toBe(tagOf([], { live: true }));
});

test('a text with a newline cannot end an event', () => {
  const text = eventText('sse', 'added', JSON.stringify({ tag: 'a\n\nevent: removed' }));
  expect(text).toBe('event: added\ndata: {"tag":"a\\n\\nevent: removed"}\n\n');
});

test.each([
  [{}, 'an offer needs a service and a port'],
  [{ service: '-x', port: 1 }, 'service "-x" is not a name'],
  [[], 'the list of offers is empty'],
  [{ service: 'web', port: 0 }, 'port 0 is not a whole number from 1 to 65535'],
  [{ service: 'web', port: 80, scheme: '1' }, 'scheme "1" is not a scheme'],
  [{ service: 'web', port: 80, tags: { a: 1 } }, 'the value of tag a has to be a text'],
  [{ service: 'web', port: 80, key: 'short' }, 'key is not 32 hexadecimal digits in lower case'],
  [{ service: 'web' }, 'an offer needs a service and a port'],
  [
    { service: 'web', port: 80, tag: {} },
    '"tag" is not a field of an offer: there are service, port, address, scheme, tags, key, revision',
  ],
  [{ service: 'web', port: 80, revision: -1 }, 'revision -1 is not a whole number from 0 to 2^52'],
  ['web', 'an offer has to be an object: {"service":"web","port":8000}'],
])('an offer that is refused, case %#', (body, complaint) => {
  expect(offersIn(body, { isListAllowed: true })).toBe(complaint);
});

test('two offers of one key are refused, for they would be one instance', () => {
  const offer = { service: 'web', port: 80, key: '0'.repeat(32) };
  expect(offersIn([offer, offer], { isListAllowed: true })).toBe('two offers have the same key');
});

test('labels for Prometheus are of its letters, and the first by name counts', () => {
  const tags = { 'a.b': '1', 'a-b': '2', 'metrics.port': '9100', 'metrics.path': '/m' };
  const { targets, labels } = targetGroupOf({ info: { ...INFO, tags }, state: 'gone' }, 'testing');

  expect(targets).toEqual(['10.0.0.3:9100']);
  expect(labels).toMatchObject({
    __meta_rarangi_state: 'gone',
    __meta_rarangi_tag_a_b: '2',
    __meta_rarangi_tags: ',a-b=2,a.b=1,metrics.path=/m,metrics.port=9100,',
    __metrics_path__: '/m',
  });
  expect(Object.keys(labels).every((label) => /^[A-Za-z0-9_]+$/.test(label))).toBe(true);
});

test('Envoy gets its own cluster first, and stale ones as degraded', () => {
  const instances = [instanceOf('1'), instanceOf('2', { cluster: 'fra', state: 'stale' })];
  expect(assignmentOf({ resource: 'web', instances }, 'ams')).toMatchObject({
    cluster_name: 'web',
    endpoints: [
      { locality: { zone: 'ams' }, priority: 0, lb_endpoints: [{ health_status: 'HEALTHY' }] },
      { locality: { zone: 'fra' }, priority: 1, lb_endpoints: [{ health_status: 'DEGRADED' }] },
    ],
  });
});

test('Traefik gets an empty object where there is nothing, and never an empty map', () => {
  expect(traefikOf([])).toEqual({});
  expect(traefikOf([{ ...INFO, tags: { 'traefik.rule': 'Host(`a`)' } }])).toEqual({
    http: {
      routers: { web: { rule: 'Host(`a`)', service: 'web' } },
      services: { web: { loadBalancer: { servers: [{ url: 'http://10.0.0.3:8000' }] } } },
    },
  });
});

test('headers name twenty hosts that are missing, and how many more there are', () => {
  const missing = Array.from({ length: 27 }, (_, index) => `h${String(index)}`);
  const headers = viewHeaders({ complete: false, missing, missingCount: 27, why: 'split' });

  expect(headers['Rarangi-Missing']).toMatch(/^h0, h1, .*h19 and 7 more$/);
  expect(headers['Rarangi-Why']).toBe('split');
});

test('services that differ in a dot alone stay apart for Traefik', () => {
  const names = ['a.b', 'a-b', 'c.d', 'e.f-g', 'e-f.g'];
  const rule = { 'traefik.rule': 'Host(`x`)' };
  const { http } = traefikOf(names.map((name) => ({ ...INFO, name, tags: rule }))) as {
    http: Record<'services' | 'routers', Record<string, object>>;
  };

  expect(Object.keys(http.services)).toEqual(['a~b', 'a-b', 'c-d', 'e~f-g', 'e-f~g']);
  expect(Object.keys(http.routers)).toEqual(Object.keys(http.services));
});
