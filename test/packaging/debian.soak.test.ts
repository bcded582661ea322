// The Debian package, as its users have it: on a machine with a systemd of its own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { needs } from '../support/needs.ts';
import { type Stage, test } from '../support/processes.ts';
import { type Machine, withMachine } from './machine.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

async function build(stage: Stage): Promise<string> {
  const script = join(root, 'packaging/build-deb.sh');
  const { code, stdout, stderr } = await stage.spawn([script, stage.folder]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

test('the package holds what is needed and nothing else', async ({ stage }) => {
  const path = await build(stage);

  const { stdout: list } = await stage.spawn(['dpkg-deb', '--contents', path]).ended;
  const { stdout: control } = await stage.spawn(['dpkg-deb', '--field', path]).ended;

  const files = list.trimEnd().split('\n');
  const names = files.map((line) => line.split(' ').filter(Boolean)[5]?.slice(2) ?? '');
  expect(control).toMatch(/^Depends: nodejs \(>= 20\.19\)$/m);
  expect(control).toMatch(new RegExp(`^Version: ${version.replace('-', '~')}$`, 'm'));
  expect(names).toEqual(
    expect.arrayContaining([
      'etc/rarangi/serve.env',
      'usr/bin/rarangi',
      'usr/lib/rarangi/bin/package.json',
      'usr/lib/rarangi/dist/cli/start/main.js',
      'usr/lib/rarangi/node_modules/cbor-x/package.json',
      'usr/lib/systemd/system/rarangi@.service',
      'usr/lib/sysusers.d/rarangi.conf',
      'usr/share/bash-completion/completions/rarangi',
      'usr/share/fish/vendor_completions.d/rarangi.fish',
      'usr/share/man/man1/rarangi-serve.1.gz',
      'usr/share/man/man7/rarangi-protocol.7.gz',
      'usr/share/zsh/vendor-completions/_rarangi',
    ]),
  );
  expect(names.filter((name) => /\/(vitest|typescript|oclif|.*\.ts|.*\.node)$/.test(name))).toEqual(
    [],
  );
  expect(files.filter((line) => !line.includes(' root/root '))).toEqual([]);
  // Only root may write, and no file belongs to another user.
  expect(files.filter((line) => !/^(l|d|-)rw.r-.r-. /.test(line) && !line.startsWith('l'))).toEqual(
    [],
  );
});

test.skipIf(!needs('lintian'))('lintian finds no error in it', async ({ stage }) => {
  const path = await build(stage);

  const { code, stdout } = await stage.spawn(['lintian', '--fail-on=error', path]).ended;

  expect(stdout.split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
  expect(code).toBe(0);
});

test.skipIf(!needs('systemd'))(
  'installed, it serves as two units; removed, nothing is left of it',
  async ({ stage }) => {
    await build(stage);
    await withMachine(stage, live);
  },
);

async function live({ must, run }: Machine): Promise<void> {
  // Pages found without the index of them all, which takes longer than all else.
  const install = 'dpkg --no-triggers --install /mnt/rarangi_*.deb';

  await must(install);
  expect(await must('rarangi --version')).toContain(`rarangi/${version}`);
  expect(await must('man --path rarangi rarangi-serve | wc -l')).toBe('2');
  expect(await must('fish -c "complete -C \'rarangi look\'"')).toMatch(/^lookup\t/);
  expect(
    await must('zsh -fc "autoload -Uz compinit; compinit -u -D; print \\$_comps[rarangi]"'),
  ).toBe('_rarangi');
  const sourced = '. /usr/share/bash-completion/completions/rarangi; complete -p rarangi';
  expect(await must(`bash -c '${sourced}'`)).toBe('complete -F _rarangi rarangi');
  const units = '/usr/lib/systemd/system/rarangi@.service';
  const example = '/usr/share/doc/rarangi/examples/web.service';
  expect(await must(`systemd-analyze verify ${units} ${example} 2>&1`)).toBe('');

  await must('echo RARANGI_ENVIRONMENT=testing >>/etc/rarangi/serve.env');
  await must('echo RARANGI_SERVE_CLUSTER=ams >/etc/rarangi/a.env');
  // The server that starts first is side A.
  await must('systemctl enable --now rarangi@a && systemctl enable --now rarangi@b');
  // The sockets of HTTP come a moment later.
  expect(await must('ls /run/rarangi | grep -v http')).toBe('testing-a.sock\ntesting-b.sock');
  const mainPid = '$(systemctl show --property=MainPID --value rarangi@a)';
  expect(await must(`ps -o user= -p ${mainPid}`)).toBe('rarangi');
  expect(await must('rarangi status -e testing --wait 20s')).toMatch(/server .*, cluster ams,/);
  expect(await must('journalctl --output=cat --unit=rarangi@a')).toMatch(
    /^server \S+ of host \S+ serves testing on 127\.0\.0\.1:17330$/m,
  );
  expect(await must('journalctl --output=cat --unit=rarangi@a')).not.toMatch(/^<\d>/m);

  await must(`sed s/=production/=testing/ ${example} >/etc/systemd/system/web.service`);
  await must('systemctl daemon-reload && systemctl start web');
  expect(await must('rarangi lookup web -e testing --wait 20s')).toBe('127.0.0.1:8000');
  await must('systemctl reload rarangi@a && systemctl restart rarangi@a');
  expect(await must('rarangi lookup web -e testing')).toBe('127.0.0.1:8000');
  await must('systemctl stop web');
  expect(await run('rarangi', 'lookup', 'web', '-e', 'testing')).toMatchObject({ code: 1 });

  const pids = 'systemctl show --property=MainPID --value rarangi@a rarangi@b';
  const before = await must(pids);
  await must(install);
  const after = await must(pids);
  await must('systemctl is-active rarangi@a rarangi@b');
  expect(new Set([...before.split('\n\n'), ...after.split('\n\n')]).size).toBe(4);

  const files = (await must('dpkg --listfiles rarangi')).split('\n');
  await must('dpkg --no-triggers --remove rarangi');
  expect(await must('systemctl list-units --plain --no-legend "rarangi@*"')).toBe('');
  expect(await must('cat /etc/rarangi/serve.env')).toContain('=testing');
  await must('touch /etc/rarangi/testing.secret && dpkg --no-triggers --purge rarangi');
  const left = await must(
    `for f in ${files.join(' ')} /run/rarangi; do ! [ -f "$f" -o -L "$f" ] || echo "$f"; done`,
  );
  expect(left).toBe('');
  expect(await must('ls -d /etc/rarangi /usr/lib/rarangi 2>/dev/null || true')).toBe('');
  expect(await must('ls /etc/systemd/system/multi-user.target.wants')).not.toContain('rarangi');
}
