// The systemd units, as systemd reads them; debian.soak.test.ts runs them.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect } from 'vitest';

import { madeSecret, secretFileOf } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import { startReceiver } from '../support/notify-receiver.ts';
import { type Stage, test } from '../support/processes.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'packaging/systemd');

/** The settings of a unit under a name. */
function settings(unit: string, name: string): string[] {
  const lines = readFileSync(join(folder, unit), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.split(/=(.*)/s)[1]!);
}

/** A PATH on which `rarangi` is the built program. */
function pathOf(stage: Stage): string {
  const bin = join(stage.folder, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'bin/run.js'), join(bin, 'rarangi'));
  return `${bin}:${process.env['PATH'] ?? ''}`;
}

test('the command of the unit, with the example of its file switched on, tells systemd', async ({
  stage,
}) => {
  const [command = ''] = settings('rarangi@.service', 'ExecStart');
  const [file = ''] = settings('rarangi@.service', 'EnvironmentFile');
  const example = readFileSync(join(folder, 'serve.env'), 'utf8');
  const switchedOn = parseEnv(example.replace(/^#(?=[A-Z_]+=)/gm, ''));
  const receiver = await startReceiver(stage, 'notify');

  const server = stage.spawn(command.split(' '), {
    env: {
      ...switchedOn,
      PATH: pathOf(stage),
      NOTIFY_SOCKET: join(stage.folder, 'notify'),
      // Not the address of this machine, nor its secret.
      RARANGI_SERVE_BIND: stage.address(),
      RARANGI_SECRET_FILE: secretFileOf(stage, 'production.secret', madeSecret()),
    },
  });
  await receiver.line(/READY=1/);
  await server.line(/serves production on 127\./);
  const { code } = await server.end();
  await receiver.line(/STOPPING=1/);

  expect(code).toBe(0);
  expect(file).toBe('-/etc/rarangi/serve.env');
  expect(Object.keys(switchedOn)).toHaveLength(6);
  expect(parseEnv(example)).toEqual({});
  // Ports that other machines can reach are locked.
  expect(switchedOn['RARANGI_SECRET_FILE']).toBe('/etc/rarangi/production.secret');
  expect(Object.keys(switchedOn)).not.toContain('RARANGI_SERVE_INSECURE');
});

test('the unit is started again however often it ends, and writes nothing for others', () => {
  expect(settings('rarangi@.service', 'Restart')).toEqual(['always']);
  expect(settings('rarangi@.service', 'StartLimitIntervalSec')).toEqual(['0']);
  expect(settings('rarangi@.service', 'UMask')).toEqual(['0077']);
});

test('a reload leaves a line in the log, and the server runs on', async ({ stage }) => {
  const address = stage.address();
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'server-started' });

  server.signal('SIGHUP');
  await server.said({ event: 'reloaded', level: 'info' });

  expect((await server.end()).code).toBe(0);
});

test.skipIf(!needs('util-linux'))(
  'a purge takes variables and secrets from /etc/rarangi, and leaves what else is there',
  async ({ stage }) => {
    const postrm = join(root, 'packaging/debian/postrm');
    const purge = async (files: string): Promise<string[]> => {
      const script = `mount -t tmpfs none /etc && mount -t tmpfs none /run && mkdir -p /etc/rarangi/old.secret &&
        cd /etc/rarangi && touch ${files} && cd / && sh "$1" purge && find /etc -mindepth 1`;
      const words = ['unshare', '--mount', 'sh', '-c', script, 'sh', postrm];
      const { code, stdout, stderr } = await stage.spawn(words).ended;
      expect([code, stderr]).toEqual([0, '']);
      return stdout.trimEnd().split('\n').toSorted();
    };

    const [folder, notes, old] = ['/etc/rarangi', '/etc/rarangi/notes', '/etc/rarangi/old.secret'];
    expect(await purge('serve.env a.env production.secret && rmdir old.secret')).toEqual(['']);
    expect(await purge('b.env notes && rmdir old.secret')).toEqual([folder, notes]);
    expect(await purge('b.env notes')).toEqual([folder, notes, old]);
  },
);

test.skipIf(!needs('systemd'))('systemd has nothing to say about the units', async ({ stage }) => {
  // The example stands beside the unit that it names, and both run what is on the PATH of systemd.
  for (const unit of ['rarangi@.service', 'web.service']) {
    const text = readFileSync(join(folder, unit), 'utf8');
    writeFileSync(
      join(stage.folder, unit),
      text.replaceAll('=rarangi ', `=${process.execPath} `).replace(/^Documentation=.*$/m, ''),
    );
  }

  const { code, stderr } = await stage.spawn([
    ...['systemd-analyze', 'verify', './rarangi@.service', './web.service'],
  ]).ended;

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
