// Programs that know nothing of rarangi, each as its users start it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { type InstanceInfo, lookup } from '../../src/index.ts';
import { ownFolder, reaching, startServer } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { makePostgres, output } from './postgres.ts';
import { startSidecar } from './sidecar.ts';

/** Wraps a service until it is registered, uses it, ends it, and looks again. */
async function lifeOf(words: readonly string[], use: (instance: InstanceInfo) => Promise<unknown>) {
  const server = await startServer();
  const found = async () => (await lookup('it', reaching(server))).instances;
  const offer = ['--name', 'it', '--address', '127.0.0.1'];
  const sidecar = startSidecar(server, [...offer, ...words]);
  await sidecar.line(/"registered"/);
  const [instance] = await found();
  const used = await use(instance!);
  sidecar.child.kill('SIGTERM');
  const { code, stderr } = await sidecar.ended;
  const order = ['"deregistering"', '"command-signalled"'].map((event) => stderr.indexOf(event));
  return { used, code, after: await found(), isInOrder: order[0]! >= 0 && order[0]! < order[1]! };
}

test.skipIf(!needs('redis-server'))('redis', async () => {
  const words = ['--port', '0', '--check', 'exec:redis-cli -p {port} ping | grep -q PONG'];
  const command = ['redis-server', '--port', '{port}', '--save', '', '--dir', ownFolder()];

  const life = await lifeOf([...words, '--', ...command], ({ address, port }) =>
    Promise.resolve(output('redis-cli', ['-h', address, '-p', String(port), 'incr', 'n'])),
  );

  expect(life).toEqual({ used: '1', code: 0, after: [], isInOrder: true });
});

test.skipIf(!needs('python3'))('the web server of Python', async () => {
  const folder = ownFolder();
  writeFileSync(join(folder, 'hello.txt'), 'hello\n');
  const words = ['--port', '0', '--scheme', 'http', '--ready', 'http://127.0.0.1:{port}/'];
  const command = ['python3', '-m', 'http.server', '--directory', folder, '{port}'];

  const life = await lifeOf([...words, '--', ...command], async ({ address, port, scheme }) =>
    (await fetch(`${scheme!}://${address}:${port}/hello.txt`)).text(),
  );

  expect(life).toEqual({ used: 'hello\n', code: 143, after: [], isInOrder: true });
});

test.skipIf(!needs('nginx-light'))('nginx', async () => {
  const [folder, port] = [ownFolder(), await freePort()];
  const config = join(folder, 'nginx.conf');
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    config,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { ${own.join(' ')} access_log off;
      server { listen 127.0.0.1:${port}; location / { return 200 hello; } } }`,
  );
  const words = ['--port', `${port}`, '--check', `http://127.0.0.1:{port}/`];

  const life = await lifeOf([...words, '--', 'nginx', '-c', config], async ({ address }) =>
    (await fetch(`http://${address}:${port}/`)).text(),
  );

  expect(life).toEqual({ used: 'hello', code: 0, after: [], isInOrder: true });
});

test.skipIf(!needs('postgresql'))('PostgreSQL', async () => {
  const { command, probe } = makePostgres(ownFolder());
  const words = ['--port', '0', '--scheme', 'postgresql', '--ready', probe, '--check', probe];

  const life = await lifeOf([...words, '--', ...command], ({ address, port, scheme }) => {
    const uri = `${scheme!}://postgres@${address}:${port}/postgres`;
    return Promise.resolve(output('psql', [uri, '-Atc', 'select 6 * 7']));
  });

  expect(life).toEqual({ used: '42', code: 0, after: [], isInOrder: true });
});
