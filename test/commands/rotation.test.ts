// The secret of a running environment is changed, step by step, and no client notices.

import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';

import { connect, lookup } from '../../src/index.ts';
import { madeSecret, secretFileOf, serving } from '../support/locks.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

test('the secret of an environment is changed with no lookup failing', async ({ stage }) => {
  const [before, after] = [madeSecret(), madeSecret()];
  const { servers, addresses, file } = await cluster(stage, before);
  const [here] = addresses;
  const sibling = await startOne(stage, { address: here, host: 'h0', peer: addresses[1], file });
  const holders = [servers[0], sibling];
  const client = connect({ servers: [here], secretFile: file });
  client.register({ name: 'web', port: 80, address: '10.0.0.1' });
  await Promise.all(holders.map((server) => server.said({ event: 'instance-registered' })));
  const options = { servers: addresses, secretFile: file, timeoutMs: 10_000 };
  const asking = askAlways(() => lookup('web', options));

  for (const secrets of [[before, after], [after, before], [after]]) {
    writeFileSync(file, `${secrets.join('\n')}\n`);
    for (const server of [...servers, sibling]) server.signal('SIGHUP');
    await Promise.all([...servers, sibling].map((one) => one.said({ event: 'trust-reread' })));
    await asking.answers(3);
  }
  // The session that was opened with the old secret is closed, by one side and then by the other.
  for (const holder of holders) await holder.said({ event: 'instance-removed', cause: 'closed' });
  await Promise.all(holders.map((server) => server.said({ event: 'instance-registered' })));
  await asking.answers(10);
  const { failures } = await asking.end();
  const late = secretFileOf(stage, 'late', before);
  const refusal = await stage.run(['lookup', 'web', `--server=${here}`, `--secret-file=${late}`]);
  await client.close();

  expect(failures).toEqual([]);
  expect(refusal.code).toBe(4);
});

test('a server that is started anew comes back in through its lock', async ({ stage }) => {
  const secret = madeSecret();
  const { servers, addresses, file } = await cluster(stage, secret);
  const [here, there] = addresses;

  servers[0].signal('SIGKILL');
  await servers[0].ended;
  const again = await startOne(stage, { address: here, host: 'h0', peer: there, file });
  await again.said({ event: 'link-up' });
  const words = [`--server=${here}`, `--secret-file=${file}`, '--wait=20s'];
  const status = await stage.run(['status', ...words]);

  expect(status.code).toBe(0);
});

test('a secret that is taken out at once closes the connections that came with it', async ({
  stage,
}) => {
  const { servers, addresses, file } = await cluster(stage, madeSecret());
  const own = secretFileOf(stage, 'own', madeSecret());
  const words = ['--name=web', '--port=80', `--server=${addresses[0]}`, '--log-format=json'];
  const sidecar = stage.start(['register', ...words, `--secret-file=${file}`]);
  await sidecar.said({ event: 'registered' });

  writeFileSync(file, `${madeSecret()}\n`);
  servers[0].signal('SIGHUP');
  const removed = await servers[0].said({ event: 'instance-removed' });
  // Its file is the new one by now, and so it comes in again.
  await sidecar.said({ event: 'registered' });
  const stranger = await stage.run([
    'status',
    `--server=${addresses[0]}:17340`,
    `--secret-file=${own}`,
  ]);

  expect(removed).toMatchObject({ cause: 'closed' });
  expect(stranger.code).toBe(4);
});

interface Cluster {
  readonly servers: readonly [Running, Running];
  readonly addresses: readonly [string, string];
  readonly file: string;
}

/** Two hosts of one server each, linked. */
async function cluster(stage: Stage, secret: string): Promise<Cluster> {
  const file = secretFileOf(stage, 'secret', secret);
  const addresses = [stage.address(), stage.address()] as const;
  const [here, there] = addresses;
  const servers = await Promise.all([
    startOne(stage, { address: here, host: 'h0', peer: there, file }),
    startOne(stage, { address: there, host: 'h1', peer: here, file }),
  ]);
  await Promise.all(servers.map((server) => server.said({ event: 'link-up' })));
  return { servers, addresses, file };
}

function startOne(
  stage: Stage,
  { address, host, peer, file }: { address: string; host: string; peer: string; file: string },
): Promise<Running> {
  const words = [`--bind=${address}`, `--host=${host}`, `--peer=${peer}`, '--master'];
  return serving(stage, [...words, `--secret-file=${file}`]);
}

/** Asks the same again and again, and counts. */
function askAlways(ask: () => Promise<{ readonly instances: readonly unknown[] }>) {
  const failures: unknown[] = [];
  let answersCount = 0;
  const over = new AbortController();
  let wake = (): void => undefined;
  const asking = (async () => {
    while (!over.signal.aborted) {
      try {
        const { instances } = await ask();
        if (instances.length === 0) failures.push('none');
      } catch (error) {
        failures.push(error);
      }
      answersCount += 1;
      wake();
    }
  })();
  return {
    answers: async (more: number) => {
      for (const end = answersCount + more; answersCount < end;) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    end: async () => {
      over.abort();
      await asking;
      return { answersCount, failures };
    },
  };
}
