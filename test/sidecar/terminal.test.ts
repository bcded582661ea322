// The terminal belongs to the command, as if there were no sidecar: keys, sizes and job control.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { lookup } from '../../src/index.ts';
import { processOf } from '../../src/sidecar/processes.ts';
import { atEnd, ownFolder, ownIp, reaching, startServer } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { RUN } from './program.ts';
import { registerWords, startSidecar } from './sidecar.ts';

const PATIENTLY = { timeout: 30_000 };

/** A terminal of tmux, in which a shell or a program runs. */
function openTerminal(words: readonly string[], { said = '/dev/tty', log = '/dev/tty' } = {}) {
  const folder = ownFolder();
  const tmux = (...given: string[]): string =>
    spawnSync('tmux', ['-L', folder.replaceAll('/', '-'), '-f', '/dev/null', ...given], {
      encoding: 'utf8',
    }).stdout.trim();
  atEnd(() => tmux('kill-server'));
  const size = ['-x', '100', '-y', '30'];
  tmux('new-session', '-d', ...size, `exec ${quoted(words)} > ${said} 2> ${log}`);
  return {
    tmux,
    press: (...keys: string[]) => tmux('send-keys', ...keys),
    screen: () => tmux('capture-pane', '-p'),
    pid: () => Number(tmux('list-panes', '-F', '#{pane_pid}')),
  };
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

function text(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

test.skipIf(!needs('tmux'))(
  'Ctrl-\\ and Ctrl-C on the terminal reach the command once',
  async () => {
    const folder = ownFolder();
    const [said, log] = [join(folder, 'said'), join(folder, 'log')];
    const server = await startServer();
    const port = await freePort();
    const script = `
    process.on('SIGQUIT', () => console.log('asked to quit'));
    process.on('SIGINT', () => console.log('interrupted'));
    process.on('SIGTERM', () => process.exit());
    require('node:net').createServer((socket) => socket.destroy()).listen(${port});`;
    const offer = [...registerWords(server), '--name', 'db', '--port', `${port}`];
    const words = [...offer, '--', process.execPath, '--eval', script];
    const terminal = openTerminal(words, { said, log });
    await expect.poll(() => text(log), PATIENTLY).toContain('"registered"');
    const sidecar = terminal.pid();

    terminal.press('C-\\');
    await expect.poll(() => text(said), PATIENTLY).toBe('asked to quit\n');
    terminal.press('C-c');
    await expect.poll(() => text(said), PATIENTLY).toContain('interrupted\n');
    await expect
      .poll(async () => (await lookup('db', reaching(server))).instances, PATIENTLY)
      .toEqual([]);
    process.kill(sidecar, 'SIGTERM');

    await expect.poll(() => terminal.tmux('list-panes'), PATIENTLY).toBe('');
    expect(text(said)).toBe('asked to quit\ninterrupted\n');
  },
);

test.skipIf(!needs('tmux'))('a new size of the window reaches the command once', async () => {
  const folder = ownFolder();
  const [sizes, log] = [join(folder, 'sizes'), join(folder, 'log')];
  const server = await startServer();
  const script = `
    const { appendFileSync } = require('node:fs');
    const tell = () => {
      const size = require('node:child_process').spawnSync('stty', ['size'], { stdio: [0, 'pipe'] });
      appendFileSync(process.argv[1], size.stdout);
    };
    process.on('SIGWINCH', tell);
    process.on('SIGUSR1', () => appendFileSync(process.argv[1], 'done'));
    tell();
    setInterval(() => undefined, 60_000);`;
  const offer = [...registerWords(server), '--name', 'db', '--port', '9', '--ready', 'none'];
  const command = [process.execPath, '--eval', script, sizes];
  const terminal = openTerminal([...offer, '--', ...command], { log });
  await expect.poll(() => text(log), PATIENTLY).toContain('"registered"');
  await expect.poll(() => text(sizes), PATIENTLY).toBe('30 100\n');

  terminal.tmux('resize-window', '-x', '70', '-y', '20');
  await expect.poll(() => text(sizes), PATIENTLY).toContain('20 70\n');
  process.kill(terminal.pid(), 'SIGUSR1');

  await expect.poll(() => text(sizes), PATIENTLY).toContain('done');
  expect(text(sizes)).toBe('30 100\n20 70\ndone');
});

test.skipIf(!needs('tmux'))(
  'a job that is stopped is no service, until it goes on in the foreground',
  async () => {
    const log = join(ownFolder(), 'log');
    const server = await startServer();
    const offer = [...registerWords(server), '--name', 'db', '--port', '9', '--ready', 'none'];
    const ports = async () =>
      (await lookup('db', reaching(server))).instances.map(({ port }) => port);
    const answering = ['sed', '--unbuffered', 's/^/it got: /'];
    const terminal = openTerminal(['bash', '--norc', '--noprofile', '-i']);
    terminal.press(`${quoted([...offer, '--', ...answering])} 2> ${log}`, 'Enter');
    await expect.poll(() => text(log), PATIENTLY).toContain('"registered"');

    terminal.press('C-z');
    await expect.poll(() => terminal.screen(), PATIENTLY).toMatch(/\[1\]\+\s+Stopped/);
    await expect.poll(ports, PATIENTLY).toEqual([]);
    terminal.press('clear; fg', 'Enter');
    await expect.poll(() => terminal.screen(), PATIENTLY).toContain("'register'");
    // Until the shell has handed the terminal over, Enter is another key.
    const typed = () => {
      terminal.press('what is typed', 'Enter');
      return terminal.screen();
    };
    await expect.poll(typed, { ...PATIENTLY, interval: 500 }).toMatch(/^it got: what is typed$/m);
    await expect.poll(ports, PATIENTLY).toEqual([9]);
    terminal.press('C-d');
    terminal.press('echo "it ended with $?"', 'Enter');

    await expect.poll(() => terminal.screen(), PATIENTLY).toMatch(/^it ended with 0$/m);
  },
);

test.skipIf(!needs('tmux'))('a shell as the command has job control of its own', async () => {
  const log = join(ownFolder(), 'log');
  const server = await startServer();
  const offer = [...registerWords(server), '--name', 'sh', '--port', '9', '--ready', 'none'];
  const shell = ['bash', '--norc', '--noprofile', '-i'];
  const terminal = openTerminal([...offer, '--', ...shell], { log });
  await expect.poll(() => text(log), PATIENTLY).toContain('"registered"');

  terminal.press('echo "now"; sleep 600', 'Enter');
  await expect.poll(() => terminal.screen(), PATIENTLY).toMatch(/^now$/m);
  terminal.press('C-c');
  terminal.press('echo "it ended with $?"', 'Enter');

  await expect.poll(() => terminal.screen(), PATIENTLY).toMatch(/it ended with 130$/m);
  expect(await lookup('sh', reaching(server))).toMatchObject({ instances: [{ port: 9 }] });
});

test.skipIf(!needs('tmux'))('at a terminal what the command left behind ends as well', async () => {
  const folder = ownFolder();
  const [said, log] = [join(folder, 'said'), join(folder, 'log')];
  const server = await startServer();
  const offer = [...registerWords(server), '--name', 'sh', '--port', '9', '--ready', 'none'];
  const script = 'sleep 600 & echo $!; trap "exit 7" USR1; while :; do sleep 0.02; done';
  const terminal = openTerminal([...offer, '--', 'sh', '-c', script], { said, log });
  await expect.poll(() => text(log), PATIENTLY).toContain('"registered"');
  await expect.poll(() => text(said), PATIENTLY).toMatch(/^\d+\n$/);
  const left = Number(text(said));

  process.kill(terminal.pid(), 'SIGUSR1');

  await expect.poll(() => terminal.tmux('list-panes'), PATIENTLY).toBe('');
  expect(text(log)).toContain(`has ended and left behind sleep (process ${String(left)})`);
  expect(processOf(left)).toBeNull();
});

/** A program whose terminal has gone. */
interface Bereft {
  readonly pid: number;
  /** What it has written to stderr. */
  readonly log: () => string;
  /** Resolves to its exit status. */
  readonly status: () => Promise<number>;
}

/** Runs a program in a terminal, which goes away once the program has started. */
async function withoutTerminal(
  words: readonly string[],
  hasStarted: (said: string) => boolean,
): Promise<Bereft> {
  const folder = ownFolder();
  const [log, status] = [join(folder, 'log'), join(folder, 'status')];
  // The first process of a session would end with its terminal.
  const script = `trap : HUP; "$@" 2> '${log}'; echo $? > '${status}'`;
  const terminal = openTerminal(['sh', '-c', script, 'sh', ...words]);
  await expect.poll(() => hasStarted(text(log) + terminal.screen()), PATIENTLY).toBe(true);
  const first = String(terminal.pid());
  const pid = Number(readFileSync(`/proc/${first}/task/${first}/children`, 'utf8'));
  atEnd(() => processOf(pid) !== null && process.kill(pid, 'SIGTERM'));

  terminal.tmux('kill-server');
  await expect.poll(() => readlinkSync(`/proc/${pid}/fd/0`), PATIENTLY).toContain('deleted');

  return {
    pid,
    log: () => text(log),
    status: async () => {
      await expect.poll(() => text(status), PATIENTLY).toMatch(/\n$/);
      return Number(text(status));
    },
  };
}

test.skipIf(!needs('tmux'))('a terminal that has gone changes no exit status', async () => {
  const server = await startServer();
  const offer = [...registerWords(server), '--name', 'db', '--port', '9', '--ready', 'none'];
  const command = ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.02; done'];

  const bereft = await withoutTerminal([...offer, '--', ...command], isRegistered);
  process.kill(bereft.pid, 'SIGTERM');

  expect(await bereft.status()).toBe(7);
});

test.skipIf(!needs('tmux'))('a server that has lost its terminal ends with 0', async () => {
  const where = ['--environment=testing', '--bind', `${ownIp()}:0`, '--socket=none'];
  const words = [process.execPath, RUN, 'serve', ...where, '--log-format=json'];

  const bereft = await withoutTerminal(words, (said) => said.includes('"event":'));
  process.kill(bereft.pid, 'SIGTERM');

  expect(await bereft.status()).toBe(0);
});

for (const words of [['status'], ['lookup', 'db'], ['lookup', 'db', '--', 'true']]) {
  test.skipIf(!needs('tmux'))(
    `${words.join(' ')} that waits without its terminal ends by the signal, not by an abort`,
    async () => {
      let clients = 0;
      const mute = createServer(() => (clients += 1)).listen(0, ownIp());
      await once(mute, 'listening');
      atEnd(() => mute.close());
      const { address, port } = mute.address() as AddressInfo;
      const [command = '', ...rest] = words;
      const where = ['--environment=testing', `--server=${address}:${String(port)}`];
      const waiting = [command, '--wait=1h', ...where, ...rest];

      const bereft = await withoutTerminal([process.execPath, RUN, ...waiting], () => clients > 0);
      process.kill(bereft.pid, 'SIGTERM');

      expect(await bereft.status()).toBe(128 + constants.signals.SIGTERM);
    },
  );
}

test.skipIf(!needs('tmux'))('what is printed to a terminal that has gone is no error', async () => {
  const server = await startServer();
  const where = ['--environment=testing', '--server', server.bound];
  const watching = [process.execPath, RUN, 'lookup', 'db', '--watch', ...where];

  const bereft = await withoutTerminal(watching, (said) => said.includes('synced'));
  const offer = ['--name', 'db', '--port', '9', '--ready', 'none'];
  startSidecar(server, offer);

  expect([await bereft.status(), bereft.log()]).toEqual([0, '']);
});

/** Prints more than a terminal takes that nobody reads; then ends it. Prints its status. */
const STALLED = `
import os, pty, select, signal, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
select.select([master], [], [])
os.kill(pid, signal.SIGTERM)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
`;

test.skipIf(!needs('python3'))('a write that a terminal does not take ends by SIGTERM', () => {
  const dist = join(RUN, '../../dist/cli');
  const script = `Promise.all([import('${dist}/start/process-end.js'), import('${dist}/output.js')])
    .then(([end, output]) => { end.guardProcess(); output.write('stdout', 'x'.repeat(300000)); })`;

  const words = ['-c', STALLED, process.execPath, '-e', script];
  const { stdout } = spawnSync('python3', words, { encoding: 'utf8', timeout: 20_000 });

  expect(stdout).toBe(`${String(constants.signals.SIGTERM)}\n`);
});

function isRegistered(said: string): boolean {
  return said.includes('"registered"');
}
