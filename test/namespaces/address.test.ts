// The address of a host goes and changes while its servers run: in a network of its own.

import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { type Namespace, test } from '../support/processes.ts';
import { canMakeNetworks } from './network.ts';

const netTest = test.skipIf(!canMakeNetworks());
const PATIENTLY = { timeout: 60_000 };
const SERVE = ['serve', '--insecure', '--log-format=json', '--host=h1'];

function ip({ enter }: Namespace, words: string): void {
  const [program = '', ...rest] = [...enter, 'ip', ...words.split(' ')];
  expect(spawnSync(program, rest, { encoding: 'utf8' }).stderr).toBe('');
}

netTest(
  'a server whose address is gone says so, and is well when it is back',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    ip(within, 'link add eth0 type veth peer name far0');
    ip(within, 'link set far0 up');
    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    ip(within, 'link set eth0 up');
    const server = stage.start([...SERVE, '--bind=10.1.0.1'], { within });
    await server.said({ event: 'view-complete' });

    ip(within, 'addr del 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-gone', address: '10.1.0.1:17340' });
    const status = await stage.run(['status', '--json'], { within });

    expect(status.code).toBe(1);
    expect(JSON.parse(status.stdout)).toMatchObject({
      state: 'degraded',
      reasons: [{ code: 'address-gone' }],
    });

    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-back' });
    expect((await stage.run(['status', '--wait=10s'], { within })).code).toBe(0);
  },
);

netTest(
  'a server of an interface follows its address, and services follow the server',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    ip(within, 'link add eth0 type veth peer name far0');
    ip(within, 'link set far0 up');
    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    ip(within, 'link set eth0 up');
    const server = stage.start([...SERVE, '--bind=eth0', '--advertise=eth0'], { within });
    await server.said({ event: 'server-started', address: '10.1.0.1:17340' });
    const sidecar = stage.start(['register', '--name=web', '--port=80'], { within });
    const before = await stage.run(['lookup', 'web', '--wait=10s'], { within });

    ip(within, 'addr add 10.2.0.2/24 dev eth0');
    ip(within, 'addr del 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-changed', address: '10.2.0.2:17340' });
    const changes = stage.start(['lookup', 'web', '--watch'], { within });
    await changes.line(/"address":"10\.2\.0\.2"/);
    const after = await stage.run(['lookup', 'web', '--server=10.2.0.2'], { within });

    expect(before.stdout).toBe('10.1.0.1:80\n');
    expect(after.stdout).toBe('10.2.0.2:80\n');
    expect((await stage.run(['status', '--json'], { within })).stdout).toContain('"reasons":[]');
    await sidecar.end('SIGTERM');
  },
);
