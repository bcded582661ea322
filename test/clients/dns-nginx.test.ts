// nginx with the file that is shipped, which knows the port of the host alone.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { RECIPES, startDnsHost } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils') && needs('nginx-light');

/** Asks nginx again and again until it is told that it is enough; then says how often with which status, and how long. */
const ASKER = `
const http = require('node:http');
const statuses = {};
let asked = 0, slow = 0, slowest = 0, isOver = false;
process.stdin.once('data', () => { isOver = true; });
const once = () => new Promise((resolve) => {
  const since = performance.now();
  const note = (status) => {
    const took = performance.now() - since;
    asked += 1;
    statuses[status] = (statuses[status] ?? 0) + 1;
    slowest = Math.max(slowest, took);
    if (took > 3000) slow += 1;
    setTimeout(resolve, 5);
  };
  http.get('http://127.0.0.1:8080/', (response) => {
    response.resume().on('end', () => note(response.statusCode));
  }).on('error', (error) => note(error.code));
});
(async () => {
  // A thousand at least, however slow the machine is.
  while (!isOver || asked <= 1_000) await once();
  console.log(JSON.stringify({ event: 'asked', statuses, slow, slowest }));
  process.exit();
})();
`;

/** With the file that is shipped, or what is made of it. */
async function startNginx(
  stage: Stage,
  host: DnsHost,
  change = (recipe: string): string => recipe,
): Promise<() => Promise<unknown>> {
  const folder = join(stage.folder, 'nginx');
  await mkdir(join(folder, 'logs'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  const lines = [
    'daemon off; master_process off;',
    `pid ${folder}/nginx.pid; error_log stderr error;`,
    'events { }',
    'http {',
    '  access_log off;',
    ...temporary,
    change(await readFile(join(RECIPES, 'nginx-before-1.27.3.conf'), 'utf8')),
    '}',
  ];
  await writeFile(join(folder, 'nginx.conf'), `${lines.join('\n')}\n`);
  const running = host.spawn(['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')]);
  const asked = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:8080/'];
  await eventually(
    () => 'nginx answers',
    async () => ((await host.run(asked)).stdout === '200' ? true : undefined),
  );
  return () => running.end('SIGKILL');
}

test.skipIf(!canRun)(
  'nginx misses nothing while the servers are restarted in turn',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    const python = ['/usr/bin/python3', '-m', 'http.server', '8000', '--bind', '127.0.0.1'];
    host.spawn(python);
    await host.offer('web', 8_000);
    const endNginx = await startNginx(stage, host);
    try {
      const asker = host.spawn([process.execPath, '-e', ASKER]);
      const servers = [host.a, host.b];
      let killed = 0;
      for (let turn = 0; turn < 2 * ROUNDS; turn += 1) {
        const signal = turn % 4 < 2 ? 'SIGTERM' : 'SIGKILL';
        killed += signal === 'SIGKILL' ? 1 : 0;
        await servers.shift()?.end(signal);
        servers.push(await host.serve());
        await host.answers();
      }
      asker.type('enough');
      const { statuses, slow } = await asker.printed({ event: 'asked' });
      expect(Object.keys(statuses as object)).toEqual(['200']);
      expect((statuses as Record<string, number>)['200']).toBeGreaterThan(1_000);
      // A datagram that came in the gap of a kill is asked for again after 5 s.
      expect(slow).toBeLessThanOrEqual(killed);
    } finally {
      await endNginx();
    }
  },
  600_000,
);

test.skipIf(!canRun)(
  'nginx that asks for IPv6 as well finds a service of IPv4 alone',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    host.spawn(['/usr/bin/python3', '-m', 'http.server', '8000', '--bind', '127.0.0.1']);
    await host.offer('web', 8_000);
    const endNginx = await startNginx(stage, host, (recipe) => {
      expect(recipe).toContain(' ipv6=off;');
      return recipe.replace(' ipv6=off;', ';');
    });
    try {
      const asked = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}'];
      for (let times = 0; times < 20; times += 1) {
        expect((await host.run([...asked, 'http://127.0.0.1:8080/'])).stdout).toBe('200');
      }
    } finally {
      await endNginx();
    }
  },
);

/** In each of them both servers are restarted, one after the other. */
const ROUNDS = 20;
