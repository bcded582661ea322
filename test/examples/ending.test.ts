// The objects that keep a program alive, and those that do not.

import { expect } from 'vitest';

import { test } from '../support/processes.ts';
import { linkPackages, openHome } from './programs.ts';

test('a program that only resolves ends by itself, its client closed or not', async ({ stage }) => {
  const home = await openHome(stage);
  linkPackages(stage.folder, 'rarangi');
  const program = `
    import { connect } from 'rarangi';
    const client = connect({ environment: '${home.environment}' });
    const error = await client.resolve('db', { waitMs: 50 }).catch((error) => error);
    console.log(error.code);`;

  const running = stage.spawn([process.execPath, '--input-type=module', '-e', program], {
    env: home.env,
  });

  expect(await running.ended).toMatchObject({ code: 0, stdout: 'RARANGI_TIMEOUT\n', stderr: '' });
});

test('a program that registers lives until it closes its client', async ({ stage }) => {
  const home = await openHome(stage);
  linkPackages(stage.folder, 'rarangi');
  const program = `
    import { connect } from 'rarangi';
    const client = connect({ environment: '${home.environment}' });
    await client.register({ name: 'db', port: 5432 }).registered;
    console.log('registered');
    process.once('SIGTERM', () => client.close());`;

  const running = stage.spawn([process.execPath, '--input-type=module', '-e', program], {
    env: home.env,
  });
  await running.line(/^registered$/);
  const look = await stage.run(['lookup', 'db', '--format=port'], { env: home.env });
  const ended = await running.end();

  expect(look.stdout).toBe('5432\n');
  expect([ended.code, ended.signal]).toEqual([0, null]);
});
