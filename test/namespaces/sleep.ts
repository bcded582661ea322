// Programs that do not run for a while (SIGSTOP), with real processes: a server that sleeps wrongs
// no other when it wakes; a program with the library is no service while it hangs.

import { expect } from 'vitest';

import { printDelays } from './figures.ts';
import { agree, agreeAll, changesAt, sightsOf } from './views.ts';
import { HOSTS, netTest, passed, PATIENTLY, said, serversOf } from './world.ts';

netTest(
  'a master that sleeps is missed by nobody, and misses nobody when it wakes',
  PATIENTLY,
  async ({ world }) => {
    const [sleeper, sibling] = world.host('h1').servers;
    const others = serversOf(world).filter((server) => server !== sleeper);
    const stopMs = performance.now();
    sleeper!.program.signal('SIGSTOP');
    await said(sibling!.program, { event: 'origin-crashed', server: sleeper!.name }, stopMs);
    await passed(stopMs + SLEEP_MS);
    sleeper!.program.signal('SIGCONT');
    await said(sleeper!.program, { event: 'slept' }, stopMs);
    await agreeAll(world);

    expect(others.map((server) => changesAt(server, stopMs))).toEqual(others.map(() => []));
    expect(changesAt(sleeper!, stopMs).filter((change) => change.startsWith('removed'))).toEqual(
      [],
    );
  },
);

netTest(
  'a host that sleeps does not bring back what was given up meanwhile',
  PATIENTLY,
  async ({ world }) => {
    const rest = HOSTS.filter((name) => name !== 'h2');
    const stopMs = performance.now();
    const { servers } = world.host('h2');
    for (const { program } of servers) program.signal('SIGSTOP');
    await agree(world, sightsOf(rest, { reached: rest, split: [] }));
    world.host('h6').web!.signal('SIGKILL');
    const webs = { h6: 0 };
    await agree(world, sightsOf(rest, { reached: rest, split: [], webs }));
    await passed(stopMs + SLEEP_MS);
    for (const { program } of servers) program.signal('SIGCONT');
    await Promise.all(servers.map(({ program }) => said(program, { event: 'slept' }, stopMs)));
    await agree(world, sightsOf(HOSTS, { reached: HOSTS, split: [], webs }));

    const others = serversOf(world, rest);
    expect(others.map((server) => changesAt(server, stopMs))).toEqual(
      others.map(() => ['removed h2', 'removed h6', 'added h2']),
    );
    for (const server of servers) {
      const wronged = changesAt(server, stopMs).filter((change) => change.startsWith('removed'));
      expect(wronged).toEqual(['removed h6']);
    }
  },
);

netTest('a program that hangs is no service until it runs again', PATIENTLY, async ({ world }) => {
  const { web } = world.host('h3');
  const stopMs = performance.now();
  web!.signal('SIGSTOP');
  const all = { reached: HOSTS, split: [] };
  await agree(world, sightsOf(HOSTS, { ...all, webs: { h3: 0 } }));
  const wakeMs = performance.now();
  web!.signal('SIGCONT');
  await agreeAll(world);

  const servers = serversOf(world);
  expect(servers.map((server) => changesAt(server, stopMs))).toEqual(
    servers.map(() => ['removed h3', 'added h3']),
  );
  printDelays('hung: removed', servers, { change: 'removed h3', sinceMs: stopMs });
  printDelays('runs again: added', servers, { change: 'added h3', sinceMs: wakeMs });
});

netTest(
  'a sidecar that does not run says nothing of the service beside it',
  PATIENTLY,
  async ({ world }) => {
    const { web } = world.host('h4');
    const stopMs = performance.now();
    web!.signal('SIGSTOP');
    await passed(stopMs + SLEEP_MS);
    await agreeAll(world);
    web!.signal('SIGCONT');
    await agreeAll(world);

    const servers = serversOf(world);
    expect(servers.map((server) => changesAt(server, stopMs))).toEqual(servers.map(() => []));
  },
);

/** How long a program sleeps: more than any silence that is allowed. */
const SLEEP_MS = process.env['RARANGI_TEST_SOAK'] === '1' ? 10_000 : 4_000;
