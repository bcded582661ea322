// A NAME that stands for several services.

import { expect } from 'vitest';
import { startLone } from '../support/catalogue.ts';
import { test } from '../support/processes.ts';

test('a pattern answers service after service, one shape for all', async ({ stage }) => {
  const { address, look, register } = await startLone(stage);
  await Promise.all([
    register(['--name=web-b', '--port=2']),
    register(['--name=web-a', '--port=1']),
    register(['--name=web-a', '--port=1']),
    register(['--name=db', '--port=9']),
  ]);

  const asked = [
    ['web-*'],
    ['web-*', '--one'],
    ['*b', '--format=uri'],
    ['web-*', '--json'],
    ['x*'],
  ];
  const answers = await Promise.all(asked.map((words) => look(words).ended));
  const [all, one, uris, json, none] = answers.map(({ stdout }) => stdout);

  expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1]);
  expect(all).toBe(`${address}:1\n${address}:1\n${address}:2\n`);
  expect(one).toBe(`${address}:1\n${address}:2\n`);
  expect(uris).toBe(`tcp://${address}:9\ntcp://${address}:2\n`);
  expect(JSON.parse(json!)).toMatchObject({
    service: 'web-*',
    complete: true,
    missing: [],
    missingCount: 0,
    instances: [{ name: 'web-a' }, { name: 'web-a' }, { name: 'web-b' }],
  });
  expect(none).toBe('');
});

test('a pattern as shell variables: the first of each service', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await Promise.all([
    register(['--name=web-a', '--port=1']),
    register(['--name=web.b', '--port=2']),
  ]);

  const { stdout } = await look(['web*', '--format=env']).ended;

  expect(stdout).toMatch(
    /^WEB_A_HOST=.*\nWEB_A_PORT=1\nWEB_A_URI=.*\nWEB_B_HOST=.*\nWEB_B_PORT=2\n/,
  );
});

test('a pattern with --wait waits for the first service of that kind', async ({ stage }) => {
  const { address, look, register } = await startLone(stage);
  await register(['--name=db', '--port=9']);
  const waiting = look(['web-*', '--wait=20s']);
  const inVain = look(['no-*', '--wait=100ms']);

  await register(['--name=web-a', '--port=1']);

  expect(await waiting.ended).toMatchObject({ code: 0, stdout: `${address}:1\n` });
  expect(await inVain.ended).toMatchObject({ code: 6, stdout: '' });
});

test('a pattern may stand for many services, and nothing is said beside the answer', async ({
  stage,
}) => {
  const { look, register } = await startLone(stage);
  const ports = Array.from({ length: 20 }, (_, index) => index + 1);
  const services = ports.map((port) => `name=web-${port},port=${port}`);
  await register(services.map((service) => `--service=${service}`));

  const { code, stdout, stderr } = await look(['web-*', '--wait=20s', '--format=port']).ended;

  const found = stdout.trimEnd().split('\n').map(Number);
  expect([code, stderr]).toEqual([0, '']);
  expect(found.sort((one, other) => one - other)).toEqual(ports);
});

test('a pattern with --watch: one present set, one mark, then changes', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=web-a', '--port=1']);
  await register(['--name=db', '--port=9']);
  const watcher = look(['web-*', '--watch']);
  await watcher.printed({ change: 'synced' });

  const second = await register(['--name=web-b', '--port=2']);
  await watcher.printed({ change: 'added' });
  await first.end();
  await watcher.printed({ change: 'removed' });
  await second.end();
  await watcher.printed({ change: 'removed' });
  await register(['--name=web-b', '--port=3']);
  await watcher.printed({ change: 'added' });
  const { code, stdout } = await watcher.end('SIGINT');

  expect(code).toBe(0);
  expect(told(stdout)).toEqual([
    ['present', 1],
    ['synced', undefined],
    ['added', 2],
    ['removed', 1],
    ['removed', 2],
    ['added', 3],
  ]);
});

test('a word that is neither a name nor a pattern is a usage error', async ({ stage }) => {
  const wrong = ['a/*', 'a b*', '[a', 'web-{1..3}', 'a/b', '-', '', 'a'.repeat(129)];

  const ended = await Promise.all(wrong.map((name) => stage.run(['lookup', name])));

  expect(ended.map(({ code }) => code)).toEqual(wrong.map(() => 2));
});

test('tags that none could have are usage errors', async ({ stage }) => {
  const wrong = ['a', '=b', 'a b=c', 'a=\n', `a=${'x'.repeat(1025)}`, `${'a'.repeat(129)}=b`];

  const ended = await Promise.all(wrong.map((tag) => stage.run(['lookup', 'db', '--tag', tag])));

  expect(ended.map(({ code }) => code)).toEqual(wrong.map(() => 2));
});

/** The changes in lines of JSON, with the port of the instance. */
function told(stdout: string): [change: string, port: number | undefined][] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { change, instance } = JSON.parse(line) as {
      change: string;
      instance?: { port: number };
    };
    return [change, instance?.port];
  });
}
