// Cables that lose and delay, with real processes: a slow service is not gone, a removal is told
// once, and a host that slept never tells the past as if it were the present.

import { expect } from 'vitest';

import { agree, agreeAll, askAll, changesAt, sightsOf } from './views.ts';
import { HOSTS, lossyTest, PATIENTLY, passed, said, serversOf } from './world.ts';

lossyTest(
  'cables that lose a part of what they carry lose no host, and news gets through',
  PATIENTLY,
  async ({ world }) => {
    const sinceMs = performance.now();
    await world.shape(() => ({ loss: 0.05, delayMs: 10 }));
    await passed(sinceMs + WHILE_MS);
    await agreeAll(world);
    world.host('h6').web!.signal('SIGKILL');
    await agree(world, sightsOf(HOSTS, { reached: HOSTS, split: [], webs: { h6: 0 } }));

    const told = serversOf(world).map((server) => changesAt(server, sinceMs));
    expect(told).toEqual(told.map(() => ['removed h6']));
  },
);

lossyTest(
  'a cable that lost everything one way takes nobody away from those who have others',
  PATIENTLY,
  async ({ world }) => {
    const sinceMs = performance.now();
    await world.shape((from, to) => (from === 'h1' && to === 'h4' ? { loss: 1 } : { delayMs: 5 }));
    await said(world.host('h4').servers[0]!.program, { event: 'link-down' }, sinceMs);
    await agreeAll(world);
    await world.heal();
    await agreeAll(world);

    const told = serversOf(world).map((server) => changesAt(server, sinceMs));
    expect(told).toEqual(told.map(() => []));
  },
);

lossyTest(
  'both servers of a host are restarted over cables that lose, and nobody is told',
  PATIENTLY,
  async ({ world }) => {
    const others = serversOf(world, HOSTS).filter(({ name }) => !name.startsWith('h3'));
    const sinceMs = performance.now();
    await world.shape(() => ({ loss: 0.03, delayMs: 5 }));
    await world.restart('h3', 'view-complete');
    await agreeAll(world);

    const told = others.map((server) => changesAt(server, sinceMs));
    expect(told).toEqual(told.map(() => []));
  },
);

lossyTest(
  'a host that slept, and wakes cut off, says of nothing that it is live',
  PATIENTLY,
  async ({ world }) => {
    const rest = HOSTS.filter((name) => name !== 'h3');
    const { servers } = world.host('h3');
    for (const { program } of servers) program.signal('SIGSTOP');
    await agree(world, sightsOf(rest, { reached: rest, split: [] }));
    world.host('h6').web!.signal('SIGKILL');
    await agree(world, sightsOf(rest, { reached: rest, split: [], webs: { h6: 0 } }));
    await world.unplug('h3');
    const wakeMs = performance.now();
    for (const { program } of servers) program.signal('SIGCONT');
    await Promise.all(servers.map(({ program }) => said(program, { event: 'slept' }, wakeMs)));
    const far = ['lookup', 'web', '--cluster=west', '--live'];
    const answers = [await askAll(world, ['h3'], far), await askAll(world, ['h3'], far)].flat();
    await world.heal();
    await agree(world, sightsOf(HOSTS, { reached: HOSTS, split: [], webs: { h6: 0 } }));

    expect(answers.map(({ code, stdout }) => [code, stdout])).toEqual(Array(4).fill([5, '']));
    for (const server of servers) {
      const ofDead = changesAt(server, wakeMs).filter((change) => change.endsWith('h6'));
      expect(ofDead.filter((change) => change !== 'stale h6')).toEqual(['removed h6']);
    }
  },
);

/** Several silences. */
const WHILE_MS = 5_000;
