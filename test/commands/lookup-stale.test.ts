// The answer of a lookup for a service whose host is split off, together with another one.

import { expect } from 'vitest';
import { eventually } from '../support/conditions.ts';
import { serveWords } from '../support/hosts.ts';
import { type Stage, test } from '../support/processes.ts';

test('what is split off looks the same, with a warning, unless only live ones will do', async ({
  stage,
}) => {
  const { here, there, cut } = await startThree(stage);
  const look = (...words: string[]) => stage.run(['lookup', 'db', `--server=${here}`, ...words]);
  const register = (address: string) =>
    stage.start(['register', '--name=db', '--port=1', `--server=${address}`, '--log-format=json']);
  await register(there).said({ event: 'registered' });
  await eventually(
    () => 'it is known here',
    async () => (await look()).code === 0 || undefined,
  );

  await cut();
  const [plain, live, json] = await Promise.all([look(), look('--live'), look('--json')]);
  const lack = { complete: false, missing: ['h2', 'h3'], missingCount: 2, why: 'split' };
  const asked = [
    ['lookup', '--json'],
    ['peers', '--json'],
    ['status', '--json'],
    ['lookup', 'x'],
  ];
  const [services, peers, status, none] = await Promise.all(
    asked.map((words) => stage.run([...words, `--server=${here}`])),
  );
  await register(here).said({ event: 'registered' });
  const [both, all] = await Promise.all([look(), look('--all')]);

  expect(plain).toMatchObject({ code: 0, stdout: `${there}:1\n` });
  expect(plain.stderr).toContain('only stale instances');
  expect(live).toMatchObject({ code: 5, stdout: '' });
  expect(live.stderr).toContain('no live instance of db, but 1 stale');
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...lack,
    instances: [{ address: there, state: 'stale' }],
  });
  for (const { stdout } of [services!, peers!, status!]) {
    expect(JSON.parse(stdout)).toMatchObject(lack);
  }
  expect(none).toMatchObject({ code: 5, stdout: '' });
  expect(none!.stderr).toContain('cut off by a net-split; missing hosts: h2, h3');
  expect(both).toMatchObject({ code: 0, stdout: `${here}:1\n`, stderr: '' });
  expect(all).toMatchObject({ code: 0, stdout: `${here}:1\n${there}:1\n` });
});

/** Three hosts of one server each; `cut` stops two of them at once. */
async function startThree(stage: Stage) {
  const [here, there, beyond] = [stage.address(), stage.address(), stage.address()];
  const start = (name: string, address: string, peers: string[]) =>
    stage.start(serveWords({ name, address, isMaster: name === 'h1', peers }));
  const first = start('h1', here, []);
  await first.said({ event: 'server-started' });
  const others = [start('h2', there, [here]), start('h3', beyond, [here])];
  const names = ['h2-a', 'h3-a'];
  for (const server of names) await first.said({ event: 'origin-reachable', server });
  return {
    here,
    there,
    cut: async () => {
      for (const server of others) server.signal('SIGSTOP');
      for (const server of names) await first.said({ event: 'origin-split', server });
    },
  };
}
