// HTTP at real servers: lookups, waits, watches, registrations, and refusals.

import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:http';
import { expect } from 'vitest';

import { ALL_ROUTES } from '../../src/doors/http/routes.ts';
import { openDoor } from '../support/door.ts';
import { test } from '../support/processes.ts';

test('a service is there for as long as its request, in the JSON of the command line', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const stream = await door.register({ service: 'web', port: 8000, tags: { version: '7' } });
  const registered = await stream.next();

  const { status, headers, body } = await door.ask('/v1/services/web');
  const { stdout } = await stage.run(['lookup', 'web', '--json', `--server=${door.host}`]);
  const watch = await door.stream('/v1/watch?service=web');
  await watch.next();
  await watch.next();
  stream.asked.destroy();
  const removed = await watch.next();

  expect(registered).toMatchObject({
    event: 'registered',
    port: 8000,
    revision: 1,
    server: 'h1-a',
  });
  expect([status, headers['rarangi-complete']]).toEqual([200, 'true']);
  expect(JSON.parse(body)).toEqual(JSON.parse(stdout));
  expect(removed).toMatchObject({ change: 'removed', service: 'web', cause: 'closed' });
});

test('a key makes the id of an instance, changes it and gives it up; without it no client can', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const stream = await door.register({ service: 'web', port: 1, key });
  const registered = await stream.next();
  const path = `/v1/register/${String(registered?.['instance'])}`;
  const offer = { service: 'web', port: 2 };
  const wrong = { headers: { 'Rarangi-Key': '0'.repeat(32) } };
  const right = { headers: { 'Rarangi-Key': key } };

  const refused = await door.ask(path, { ...wrong, method: 'PUT', body: offer });
  const changed = await door.ask(path, { ...right, method: 'PUT', body: offer });
  const found = await door.ask('/v1/services/web?format=port');
  const given = await door.ask(path, { ...right, method: 'DELETE' });
  const lines = [await stream.next(), await stream.next()];

  expect(registered).not.toHaveProperty('key');
  expect([refused.status, changed.status, given.status]).toEqual([403, 200, 204]);
  expect(JSON.parse(changed.body)).toMatchObject({ port: 2, revision: 2 });
  expect(found.body).toBe('2\n');
  expect(lines).toEqual([{ event: 'deregistered' }, null]);
});

test('a watch with a tag is told what fits no longer, and one of all only that it has changed', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const offer = { service: 'web', port: 1, tags: { version: '7' } };
  const stream = await door.register({ ...offer, key });
  const registered = await stream.next();
  const [tagged, all] = await Promise.all(
    ['&tag=version=7', ''].map((query) => door.stream(`/v1/watch?service=web${query}`)),
  );
  const told = async (watch: typeof tagged): Promise<unknown> => (await watch?.next())?.['change'];
  const first = [await told(tagged), await told(tagged), await told(all), await told(all)];

  const changes: unknown[] = [];
  for (const version of ['8', '9', '7']) {
    await door.ask(`/v1/register/${String(registered?.['instance'])}`, {
      method: 'PUT',
      headers: { 'Rarangi-Key': key },
      body: { ...offer, tags: { version } },
    });
    changes.push(await told(all));
  }
  const fits = [await told(tagged), await told(tagged)];
  stream.asked.destroy();

  expect(first).toEqual(['present', 'synced', 'present', 'synced']);
  expect(changes).toEqual(['updated', 'updated', 'updated']);
  expect(fits).toEqual(['removed', 'added']);
  expect([await told(tagged), await told(all)]).toEqual(['removed', 'removed']);
});

test('a pattern that no service fits is told from a catalogue without services', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const messageOf = async (path: string) => {
    const { status, body } = await door.ask(path);
    return [status, (JSON.parse(body) as { error: { message: string } }).error.message];
  };
  const before = await messageOf('/v1/services?match=zz*');
  const stream = await door.register({ service: 'web', port: 1 });
  await stream.next();

  const after = await messageOf('/v1/services?match=zz*');

  expect(before).toEqual([404, 'no service is registered']);
  expect(after).toEqual([404, 'no service matches zz*']);
});

test('an answer asked for again and again is kept, and is never old', async ({ stage }) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const stream = await door.register({ service: 'web', port: 1, key, tags: { role: 'db' } });
  const path = `/v1/register/${String((await stream.next())?.['instance'])}`;
  const more = await door.register([
    { service: 'web', port: 7 },
    { service: 'web', port: 8 },
  ]);
  for (let line = 0; line < 2; line += 1) await more.next();
  const portsNow = async (query: string): Promise<string> => {
    const { body } = await door.ask(`/v1/services/web?format=port${query}`);
    return body.split('\n').sort().join(' ').trim();
  };
  const orders = new Set<string>();
  for (let times = 0; times < 40; times += 1) {
    const { body } = await door.ask('/v1/services/web?format=port');
    orders.add(body);
    expect(await portsNow('&tag=role=db')).toBe('1');
  }
  const { headers, body } = await door.ask('/v1/services/web?format=port');
  const known = { headers: { 'If-None-Match': String(headers.etag) } };
  const same = await door.ask('/v1/services/web?format=port', known);
  const head = await door.ask('/v1/services/web?format=port', { method: 'HEAD' });

  await door.ask(path, {
    method: 'PUT',
    headers: { 'Rarangi-Key': key },
    body: { service: 'web', port: 2, tags: { role: 'db' } },
  });
  const other = await door.ask('/v1/services/web?format=port', known);
  const changed = [await portsNow(''), await portsNow('&tag=role=db')];
  await door.ask(path, { method: 'DELETE', headers: { 'Rarangi-Key': key } });
  const gone = [await portsNow(''), (await door.ask('/v1/services/web?tag=role=db')).status];
  const metrics = await door.ask('/metrics');

  expect([...orders].map((order) => order.split('\n').sort().join(' ').trim())).toEqual(
    [...orders].map(() => '1 7 8'),
  );
  expect(orders.size).toBeGreaterThan(1);
  expect([same.status, same.body, other.status]).toEqual([304, '', 200]);
  expect([head.body, head.headers['content-length']]).toEqual(['', String(body.length)]);
  expect([changed, gone]).toEqual([
    ['2 7 8', '2'],
    ['7 8', 404],
  ]);
  expect(metrics.body).toContain('rarangi_lookups_total{door="http",answer="live"} 87');
});

test('an instance that was given up may be registered anew with its key', async ({ stage }) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const offer = { service: 'web', port: 1, key };
  const first = await door.register(offer);
  const path = `/v1/register/${String((await first.next())?.['instance'])}`;
  await door.ask(path, { headers: { 'Rarangi-Key': key }, method: 'DELETE' });

  const late = await door.ask('/v1/register', {
    method: 'POST',
    body: { ...offer, revision: 1 },
  });
  const second = await door.register(offer);
  const registered = await second.next();
  const found = await door.ask('/v1/services/web');

  expect(late.status).toBe(400);
  expect(JSON.parse(late.body)).toMatchObject({
    error: { code: 'usage', message: expect.stringContaining('offer it at revision 2') as string },
  });
  expect(registered).toMatchObject({ event: 'registered', revision: 2 });
  expect([found.status, JSON.parse(found.body)]).toMatchObject([
    200,
    { instances: [{ instance: registered?.['instance'], port: 1 }] },
  ]);
});

test('events are told as by the command, key for key', async ({ stage }) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const stream = await door.register({ service: 'web', port: 1, key });
  const registered = await stream.next();
  const path = `/v1/register/${String(registered?.['instance'])}`;
  await door.ask(path, { headers: { 'Rarangi-Key': key }, method: 'DELETE' });
  const factsOf = (text: string): unknown =>
    JSON.parse(text, (name, value: unknown) =>
      ['time', 'ageMs', 'reachesBackTo'].includes(name) ? typeof value : value,
    );

  const all = await door.ask('/v1/history?service=web');
  const last = await door.ask('/v1/history?service=web&limit=1');
  const { stdout } = await stage.run(['history', 'web', '--json', `--server=${door.host}`]);
  const none = await door.ask('/v1/history?service=db');
  const early = await door.ask('/v1/history?service=db&since=24h');
  const wrong = await door.ask('/v1/history?instance=7');
  const metrics = await door.ask('/metrics');

  expect(all.status).toBe(200);
  expect(factsOf(all.body)).toEqual(factsOf(stdout));
  expect(JSON.parse(last.body)).toMatchObject({
    rows: [{ event: 'removed', cause: 'deregistered', detail: 'DELETE by HTTP', host: 'h1' }],
  });
  expect([none.status, early.status, wrong.status]).toEqual([404, 503, 400]);
  expect(JSON.parse(none.body)).toMatchObject({ error: { code: 'none' }, rows: [] });
  expect(JSON.parse(early.body)).toMatchObject({ error: { code: 'cannot-tell' }, rows: [] });
  expect(metrics.body).toMatch(/^rarangi_history_rows [1-9]/m);
});

test('how the server is is told as by the command, key for key', async ({ stage }) => {
  const door = await openDoor(stage);

  const { body } = await door.ask('/v1/status');
  const { stdout } = await stage.run(['status', '--json', `--server=${door.host}`]);

  expect(JSON.parse(body)).toEqual(JSON.parse(stdout));
});

test('a name is explained as by the command, with what is there and what went', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const gone = await door.register({ service: 'web', port: 1 });
  await gone.next();
  const here = await door.register({ service: 'web', port: 2 });
  await here.next();
  const watch = await door.stream('/v1/watch?service=web');
  gone.asked.destroy();
  for (let line = await watch.next(); line?.['change'] !== 'removed';) line = await watch.next();

  const { status, body } = await door.ask('/v1/explain/web');
  const command = await stage.run(['explain', 'web', '--json', `--server=${door.host}`]);
  const host = await stage.run(['explain', 'h1', `--server=${door.host}`]);
  const none = await door.ask('/v1/explain/db');

  expect([status, command.code, host.code, none.status]).toEqual([200, 0, 0, 404]);
  const ageless = (text: string): unknown => JSON.parse(text.replaceAll(/\d+ s ago/g, 'N s ago'));
  expect(ageless(body)).toEqual(ageless(command.stdout));
  expect(ageless(body)).toMatchObject({
    name: 'web',
    kinds: ['service'],
    complete: true,
    sentences: [
      'web: 1 live (h1).',
      expect.stringMatching(/^\S+:2 on h1 was registered N s ago at h1-a\.$/) as unknown,
      expect.stringMatching(/^A second, \S+:1 on h1, was removed N s ago: closed, /) as unknown,
      expect.stringMatching(/^In DNS it is web\.\S+\.$/) as unknown,
    ],
  });
  expect(host.stdout).toMatch(/^h1: h1-a is reachable and holds 1 registration\.\n/);
});

test('by HTTP the name in DNS is that of the real zone', async ({ stage }) => {
  const door = await openDoor(stage, ['--dns-zone=Foo.Example']);
  await (await door.register({ service: 'web', port: 1 })).next();

  const { body } = await door.ask('/v1/explain/web');

  expect(body).toContain('In DNS it is web.foo.example.');
});

test('of several offers all are registered, or none', async ({ stage }) => {
  const door = await openDoor(stage);
  const bad = await door.ask('/v1/register', {
    method: 'POST',
    body: [
      { service: 'web', port: 1 },
      { service: 'web', port: 0 },
    ],
  });
  const before = await door.ask('/v1/services');
  const stream = await door.register([
    { service: 'web', port: 1 },
    { service: 'db', port: 2 },
  ]);
  await stream.next();
  await stream.next();
  const after = await door.ask('/v1/services');

  expect([bad.status, before.status, after.status]).toEqual([400, 404, 200]);
  expect(JSON.parse(after.body)).toMatchObject({ services: [{ name: 'db' }, { name: 'web' }] });
});

test('a client that waits for another answer is woken by that, and not by other services', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const stream = await door.register({ service: 'web', port: 1 });
  await stream.next();
  const { headers } = await door.ask('/v1/services/web');
  const known = { headers: { 'If-None-Match': headers.etag } };

  const same = await door.ask('/v1/services/web', known);
  let isOver = false;
  const waiting = door.ask('/v1/services/web?wait=30s', known).finally(() => (isOver = true));
  const others = await door.register([{ service: 'db', port: 2 }]);
  await others.next();
  const wasOver = isOver;
  const more = await door.register({ service: 'web', port: 3 });
  await more.next();
  const woken = await waiting;
  const ended = await door.ask('/v1/services/web?wait=100ms', {
    headers: { 'If-None-Match': woken.headers.etag },
  });

  expect([same.status, wasOver, woken.status, ended.status]).toEqual([304, false, 200, 304]);
  expect(JSON.parse(woken.body)).toMatchObject({ instances: [{}, {}] });
});

test('a client that waits for a live one gets it, or is told that none came', async ({ stage }) => {
  const door = await openDoor(stage);
  const waiting = door.ask('/v1/services/web?wait=30s');
  const late = await door.ask('/v1/services/nix?wait=50ms');
  const stream = await door.register({ service: 'web', port: 1 });
  await stream.next();

  expect((await waiting).status).toBe(200);
  expect(late.status).toBe(504);
  expect(JSON.parse(late.body)).toMatchObject({ error: { code: 'timed-out' } });
});

test('a server that stops says where else to go, and its streams end', async ({ stage }) => {
  const door = await openDoor(stage);
  const stream = await door.register({ service: 'web', port: 1 });
  await stream.next();

  const ended = door.server.end();
  const goaway = await stream.next();
  const last = await stream.next();
  const { code } = await ended;

  expect(goaway).toEqual({ event: 'goaway', other: [`http://${door.host}:17343`] });
  expect([last, code]).toEqual([null, 0]);
});

test('a request for a whole URL is answered as one for its path', async ({ stage }) => {
  const door = await openDoor(stage);

  const { status } = await door.ask('http://localhost/v1/status');

  expect(status).toBe(200);
});

test('Envoy is answered anew as soon as it asks for something else', async ({ stage }) => {
  const door = await openDoor(stage);
  await (await door.register({ service: 'web', port: 1 })).next();
  const ask = async (names: readonly string[], version: string) =>
    await door.ask('/v3/discovery:endpoints', {
      method: 'POST',
      body: { resource_names: names, version_info: version },
    });
  const first = await ask(['web'], '');
  const { version_info: version } = JSON.parse(first.body) as { version_info: string };

  expect((await ask(['web'], version)).status).toBe(304);
  expect((await ask(['web', 'other'], version)).status).toBe(200);
  expect((await ask(['web?cluster=default'], version)).status).toBe(200);
});

test('refusals have their status and code, and what registers from elsewhere is told why', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const post = { method: 'POST', body: { service: 'web', port: 1 } };
  const asked: [string, RequestOptions & { body?: unknown }][] = [
    ['/v1/services', { headers: { Host: 'rebind.test' } }],
    ['/v1/services', { headers: { Origin: 'http://evil.test' } }],
    ['/v1/register', { ...post, headers: { 'Content-Type': 'text/plain' } }],
    ['/v1/register', { ...post, headers: { Via: '1.1 proxy' } }],
    ['/v1/register', { ...post, body: 'x'.repeat(70_000) }],
    ['/v3/discovery:endpoints', { ...post, headers: { 'Content-Type': 'text/plain' } }],
    ['http://rebind.test/v1/services', {}],
    ['/v1/services?what=1', {}],
    ['/v1/nothing', {}],
    ['/v1/services', { method: 'PUT' }],
  ];

  const answers = [];
  for (const [path, given] of asked) {
    const { status, body } = await door.ask(path, given);
    const { error } = JSON.parse(body) as { error: { code: string } };
    answers.push([status, error.code]);
  }

  expect(answers).toEqual([
    [403, 'host'],
    [403, 'origin'],
    [415, 'usage'],
    [403, 'proxied'],
    [413, 'usage'],
    [415, 'usage'],
    [403, 'host'],
    [400, 'usage'],
    [404, 'usage'],
    [405, 'usage'],
  ]);
});

test('a browser is shown the page, which can do nothing but ask its server', async ({ stage }) => {
  const door = await openDoor(stage);
  const browser = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  const page = await door.ask('/', { headers: browser });
  const list = await door.ask('/');

  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(page.body) ?? [];
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page.body) ?? [];
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['content-security-policy']).toBe(
    `default-src 'none'; script-src 'sha256-${hashOf(script)}'; ` +
      `style-src 'sha256-${hashOf(style)}'; connect-src 'self'; img-src data:; ` +
      `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(Buffer.byteLength(page.body)).toBeLessThan(100_000);
  expect(page.body).not.toMatch(/(src|href)="?https?:/);
  expect(JSON.parse(list.body)).toMatchObject({ server: 'h1-a' });
});

test('every question is answered as openapi.json says', async ({ stage }) => {
  const door = await openDoor(stage);
  const service = {
    service: 'web',
    port: 1,
    scheme: 'http',
    tags: { 'traefik.rule': 'Path(`/`)' },
  };
  const stream = await door.register(service);
  await stream.next();
  const paths = ALL_ROUTES.filter(({ method, answer }) => method === 'GET' && answer !== 'lines');
  const resources = { resource_names: ['web'], node: { id: 'envoy' } };

  const asked = paths.map(({ path }) => door.ask(path.replace('{name}', 'web')));
  const answers = await Promise.all([
    ...asked,
    door.ask('/v3/discovery:endpoints', { method: 'POST', body: resources }),
    door.ask('/metrics', { headers: { Accept: 'application/openmetrics-text' } }),
    door.ask('/v1/services', { method: 'HEAD' }),
  ]);

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(answers.map(({ headers }) => headers['rarangi-server'])).toEqual(
    answers.map(() => 'h1-a'),
  );
});
