// Proxies in front of a server's HTTP: who reads through them reads at once, and nobody registers.

import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { openDoor } from '../support/door.ts';
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
    start: async (stage, listens, target) => {
      const folder = join(stage.folder, 'nginx');
      await mkdir(folder);
      const file = join(folder, 'nginx.conf');
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${folder}/${name};`,
      );
      const lines = [
        `daemon off; master_process off; pid ${folder}/pid; error_log stderr error;`,
        `events { } http { access_log off; ${temporary.join(' ')}`,
        `server { listen ${listens}; location / { proxy_pass http://${target}; } } }`,
      ];
      await writeFile(file, lines.join('\n'));
      stage.spawn(['nginx', '-p', folder, '-c', file]);
    },
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
