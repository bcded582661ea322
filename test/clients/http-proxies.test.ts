// Proxies in front of a server's HTTP: a client that reads through them reads at once, and none
// registers.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { Door, openDoor } from '../support/door.ts';
import type { Need } from '../support/needs.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';

interface Proxy {
  readonly proxy: string;
  readonly need: Need;
  /** Starts it at an address, in front of another. */
  readonly start: (stage: Stage, listens: string, target: string) => Promise<void>;
}

const PROXIES: readonly Proxy[] = [
  {
    proxy: 'nginx',
    need: 'nginx-light',
    start: (stage, listens, target) =>
      startNginx(
        stage,
        `server { listen ${listens}; location / { proxy_pass http://${target}; } }`,
      ),
  },
  {
    proxy: 'Caddy',
    need: 'caddy',
    start: async (stage, listens, target) => {
      const file = join(stage.folder, 'Caddyfile');
      const [host = '', port = ''] = listens.split(':');
      const lines = [
        '{\nadmin off\nauto_https off\n}',
        `http://:${port} {\nbind ${host}\nreverse_proxy ${target}\n}\n`,
      ];
      await writeFile(file, lines.join('\n'));
      const words = ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
      stage.spawn(words, { env: { HOME: stage.folder, XDG_DATA_HOME: stage.folder } });
    },
  },
];

/** Starts nginx with what it is told to serve. */
async function startNginx(stage: Stage, servers: string): Promise<void> {
  const folder = join(stage.folder, 'nginx');
  await mkdir(folder);
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const lines = [
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr error;`,
    `events { } http { access_log off; ${temporary.join(' ')}`,
    servers,
    '}',
  ];
  await writeFile(file, lines.join('\n'));
  stage.spawn(['nginx', '-p', folder, '-c', file]);
}

/** The text of a stream, as it comes. */
function follow(url: string): { readonly text: () => string; readonly end: () => void } {
  let text = '';
  const asked = request(url, { headers: { Accept: 'text/event-stream' } }, (response) => {
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  });
  asked.on('error', () => undefined);
  asked.end();
  return { text: () => text, end: () => asked.destroy() };
}

for (const { proxy, need, start } of PROXIES) {
  test.skipIf(!needs(need))(
    `events come through ${proxy} as they happen, and registrations do not`,
    async ({ stage }) => {
      const door = await openDoor(stage);
      const listens = `${stage.address()}:8080`;
      await start(stage, listens, `${door.host}:17342`);
      await eventually(
        () => proxy,
        () => fetch(`http://${listens}/livez`).catch(() => undefined),
      );

      const stream = follow(`http://${listens}/v1/watch?service=web`);
      await eventually(
        () => 'the mark',
        () => (stream.text().includes('event: synced') ? true : undefined),
      );
      const service = await door.register({ service: 'web', port: 8000 });
      // Nothing but this event follows for five seconds: a proxy that gathers would keep it back.
      await eventually(
        () => 'the event',
        () => (stream.text().includes('event: added') ? true : undefined),
      );
      const refused = await fetch(`http://${listens}/v1/register`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ service: 'web', port: 1 }),
      });

      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ error: { code: 'proxied' } });
      stream.end();
      service.asked.destroy();
    },
  );
}

const RECIPE = join(import.meta.dirname, '../../packaging/proxies/nginx.conf');

/** What leads to the same place for a proxy that is careless. */
const SPELLINGS = [
  ...['/v1/register', '/v1/register/', '//v1/register', '/v1/./register', '/v1/x/../register'],
  ...['/v1/%72egister', '/v1/register?a=1', `/v1/register/${'0'.repeat(32)}`],
];

test.skipIf(!needs('nginx-light'))(
  'the file for nginx that is shipped keeps everybody from registering, and lets them read',
  async ({ stage }) => {
    const door = await openDoor(stage);
    const recipe = await readFile(RECIPE, 'utf8');
    const at = (listens: string, text = recipe): string =>
      text.replace('127.0.0.1:8080', listens).replace('127.0.0.1:17318', `${door.host}:17342`);
    const [guarded, open] = [stage.address(), stage.address()];
    // Without the location a proxy that speaks HTTP/1.1 cannot be told from the service.
    const unguarded = recipe.replace(/location \^~[^}]*\}/, '');
    await startNginx(stage, at(`${guarded}:8080`) + at(`${open}:8080`, unguarded));
    await eventually(
      () => 'nginx',
      () => fetch(`http://${guarded}:8080/livez`).catch(() => undefined),
    );
    const [through, around] = [guarded, open].map((host) => new Door(host, door.server));
    const given: RequestOptions & { body: unknown } = {
      port: 8080,
      method: 'POST',
      body: { service: 'web', port: 1 },
    };

    const refused = await Promise.all(SPELLINGS.map((path) => through!.ask(path, given)));
    const read = await through!.ask('/v1/status', { port: 8080 });
    const before = await door.ask('/v1/services');
    const stream = await around!.stream('/v1/register', given);
    const registered = await stream.next();

    expect(refused.map(({ status }) => status)).toEqual(SPELLINGS.map(() => 403));
    expect([read.status, before.status]).toEqual([200, 404]);
    expect(registered).toMatchObject({ event: 'registered' });
    stream.asked.destroy();
  },
);
