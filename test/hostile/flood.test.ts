// A stranger begins handshakes by the thousand, with an identity that it has overheard and without
// the secret: clients with the secret are served meanwhile. Limits are ten times as wide as
// README's promises, because here the stranger shares a processor with the servers.

import { join } from 'node:path';
import { expect } from 'vitest';

import { madeSecret, secretFileOf, serving } from '../support/locks.ts';
import { test } from '../support/processes.ts';

const PORT = 17340;
const CLIENTS = 10;
const FLOOD = join(import.meta.dirname, 'flood.mjs');

test('five thousand begun handshakes a second keep no client with the secret out', async ({
  stage,
}) => {
  const [here, there, from] = [stage.address(), stage.address(), stage.address()];
  const lock = `--secret-file=${secretFileOf(stage, 'secret', madeSecret())}`;
  const first = await serving(stage, [`--bind=${here}`, '--host=h1', '--silence=12s', lock]);
  const words = [`--bind=${there}`, '--host=h2', `--peer=${here}`, '--silence=12s', lock];
  const second = await serving(stage, words);
  await second.said({ event: 'link-up' });
  const watch = stage.start(['lookup', 'web', '--watch', `--server=${there}`, lock]);
  await watch.printed({ change: 'synced' });
  const web = [
    'register',
    '--name=web',
    '--port=80',
    `--server=${here}`,
    '--log-format=json',
    lock,
  ];
  stage.start(web);
  await watch.printed({ change: 'added' });

  const flood = stage.spawn([process.execPath, FLOOD, here, String(PORT), '5000', from]);
  await flood.line(/^begun$/);
  await first.said({ event: 'refused-stranger' });
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, () =>
      stage.run(['lookup', 'web', '--timeout=20s', `--server=${here}`, lock]),
    ),
  );
  flood.signal('SIGKILL');
  await flood.ended;

  const codes = answers.map(({ code }) => code);
  expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(CLIENTS - 1);
  expect(codes).not.toContain(1);
  for (const server of [first, second]) expect(server.allSaid({ event: 'link-down' })).toEqual([]);
  expect(watch.allPrinted({ change: 'removed' })).toEqual([]);
});
