// Every program of README.md and docs/library.md, as it stands there, against a real server.

import { expect } from 'vitest';

import { test } from '../support/processes.ts';
import { linkPackages, openHome, programsShown, writeProgram } from './programs.ts';

const shown = programsShown();
const printing = shown.filter(({ prints }) => prints.length > 0);
const serving = shown.filter(({ prints }) => prints.length === 0);

test('README and the page of the library show what the library does, and one service', () => {
  expect(printing.length).toBeGreaterThanOrEqual(5);
  expect(serving.map(({ code }) => code.includes("from 'fastify'"))).toEqual([true]);
});

test.for(printing)(
  'the program at $place prints what it says, and ends by itself',
  async (program, { stage }) => {
    const home = await openHome(stage);
    linkPackages(stage.folder, 'rarangi');

    const running = home.node(writeProgram(stage.folder, program, home.environment));

    const { code, stdout, stderr } = await running.ended;
    expect([stdout.trimEnd().split('\n'), stderr, code]).toEqual([program.prints, '', 0]);
  },
);

test('the Fastify service registers itself, finds its database, and goes without a trace', async ({
  stage,
}) => {
  const home = await openHome(stage);
  linkPackages(stage.folder, 'rarangi', 'fastify');
  const offer = ['--name=db', '--port=5432', '--tag=role=primary', '--log-format=json'];
  await stage.start(['register', ...offer], { env: home.env }).said({ event: 'registered' });
  const path = writeProgram(stage.folder, serving[0]!, home.environment);

  const service = home.node(path);
  const look = ['lookup', 'shop', '--wait=20s', '--one', '--format=uri'];
  const { stdout: uri } = await stage.run(look, { env: home.env });
  const answer: unknown = await (await fetch(`${uri.trim()}/database`)).json();
  const { code, signal, stderr } = await service.end();

  expect(answer).toEqual({ address: home.address, port: 5432 });
  expect([code, signal, stderr]).toEqual([0, null, '']);
  const gone = await stage.run(['lookup', 'shop'], { env: home.env });
  expect(gone.code).toBe(1);
});
