// The programs in examples/, against a real server, each other, and a real database.

import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { test, type Stage } from '../support/processes.ts';
import { openHome, ROOT } from './programs.ts';

function example(name: string): string {
  return join(ROOT, 'examples', `${name}.js`);
}

test('every example is run here', () => {
  const programs = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.js'));

  expect(programs).toEqual([
    'express-service.js',
    'fastify-service.js',
    'pg-client.js',
    'undici-client.js',
  ]);
});

test('an Express service is found by a Fastify service and by undici, until it stops', async ({
  stage,
}) => {
  const home = await openHome(stage);
  const express = home.node(example('express-service'));
  const fastify = home.node(example('fastify-service'));
  await Promise.all([express.line(/^listening$/), fastify.line(/^listening$/)]);

  const client = await home.node(example('undici-client')).ended;
  const look = ['lookup', 'greeter', '--wait=20s', '--one', '--format=uri'];
  const { stdout: uri } = await stage.run(look, { env: home.env });
  const greeting: unknown = await (await fetch(`${uri.trim()}/greet`)).json();
  const ends = await Promise.all([express.end(), fastify.end()]);

  expect([client.stdout, client.stderr, client.code]).toEqual(['world\n', '', 0]);
  expect(greeting).toEqual({ greeting: { hello: 'world' } });
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const left = await stage.run(['lookup'], { env: home.env });
  expect(left.stdout).toBe('');
});

test('undici leaves out an instance that does not answer', async ({ stage }) => {
  const home = await openHome(stage);
  const nobody = [await freePort(), await freePort()];
  const deaf = nobody.map((port) => `--service=name=hello,port=${port}`);
  const sidecar = stage.start(['register', ...deaf, '--log-format=json'], { env: home.env });
  await sidecar.said({ event: 'registered' });
  await sidecar.said({ event: 'registered' });
  await home.node(example('express-service')).line(/^listening$/);
  const watching = stage.start(['lookup', 'hello', '--watch'], { env: home.env });
  await watching.line(/"scheme":"http"/);

  const { stdout, code } = await home.node(example('undici-client')).ended;

  expect([stdout, code]).toEqual(['world\n', 0]);
});

test.skipIf(!needs('postgresql'))('a pool finds its PostgreSQL', async ({ stage }) => {
  const home = await openHome(stage);
  await startPostgres(stage, home.env);

  const { stdout, stderr, code } = await home.node(example('pg-client')).ended;

  expect([stdout, stderr, code]).toEqual(['42\n', '', 0]);
});

/** A database of the test's own, registered as the primary. */
async function startPostgres(stage: Stage, env: NodeJS.ProcessEnv): Promise<void> {
  const [version = ''] = readdirSync('/usr/lib/postgresql');
  const bin = `/usr/lib/postgresql/${version}/bin`;
  const data = join(stage.folder, 'data');
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const asUser = isRoot
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
    : [];
  if (isRoot) chownSync(stage.folder, Number(execFileSync('id', ['-u', 'postgres'])), -1);
  const prepare = [...asUser, `${bin}/initdb`, '-D', data, '-A', 'trust', '-U', 'postgres'];
  const made = await stage.spawn([...prepare, '--no-sync']).ended;
  if (made.code !== 0) throw new Error(made.stderr);
  const offer = ['register', '--name=db', '--port=0', '--tag=role=primary', '--address=127.0.0.1'];
  const command = [...asUser, `${bin}/postgres`, '-D', data, '-p', '{port}', '-k', stage.folder];
  const words = [...offer, '--log-format=json', '--', ...command];
  await stage.start(words, { env }).said({ event: 'registered' });
}
