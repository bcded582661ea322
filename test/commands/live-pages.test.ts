// `peers --watch` and `status --watch`: in place on a terminal, at every change elsewhere.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { needs } from '../support/needs.ts';
import { type Stage, test } from '../support/processes.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');
const PATIENTLY = { timeout: 30_000 };

test('elsewhere than on a terminal a page comes at every change, and Ctrl-C ends with 0', async ({
  stage,
}) => {
  const { address, register } = await startLone(stage);
  const words = ['status', '--watch', '--interval=50ms', `--server=${address}`];
  const watching = stage.start(words);
  await watching.line(/^services +0$/);

  await register(['--name=db', '--port=9']);
  await watching.line(/^services +1$/);
  const { code, stdout } = await watching.end('SIGINT');

  const pages = stdout.split('\n\n');
  const told = pages.map((page) => /^instances.*/m.exec(page)?.[0]);
  expect(code).toBe(0);
  expect(new Set(pages.map((page) => page.trimEnd())).size).toBe(pages.length);
  expect(told.at(-1)).toMatch(/ 1 live, 0 stale$/);
});

test('with --json a line comes for each state, one without a server included', async ({
  stage,
}) => {
  const address = stage.address();
  const words = ['peers', '--watch', '--json', '--interval=50ms', `--server=${address}`];
  const watching = stage.start(words);
  const nobody = JSON.parse(await watching.line(/"error"/)) as unknown;

  const { server } = await startLone(stage, address);
  const somebody = JSON.parse(await watching.line(/"complete":true/)) as unknown;
  await server.end();
  await watching.line(/"error"/);
  const { code, stdout } = await watching.end();

  expect(code).toBe(0);
  expect(nobody).toMatchObject({ error: { code: 'RARANGI_UNREACHABLE' } });
  expect(somebody).toMatchObject({ servers: [{ self: true, addresses: [`${address}:17340`] }] });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line, index) => line === lines[index - 1])).toEqual([]);
});

test('a refusal that time does not mend ends a watch as it ends any question', async ({
  stage,
}) => {
  const { address } = await startLone(stage);

  const ended = await stage.run([
    ...['status', '--watch', '-e', 'testing', `--server=${address}:17340`],
  ]);

  expect(ended).toMatchObject({ code: 4, stdout: '' });
});

for (const env of [{ NO_COLOR: '1' }, { NO_COLOR: '' }]) {
  test.skipIf(!needs('tmux'))(
    `on a terminal ${env.NO_COLOR === '' ? 'with' : 'without'} colour a page is redrawn in place`,
    async ({ stage }) => {
      const { address, server, register } = await startLone(stage);
      const terminal = openTerminal(stage, env);
      const words = ['peers', '--watch', '--interval=100ms', `--server=${address}`];
      // All at once: what is typed while the page is shown is for the page.
      const line = `${process.execPath} ${RUN} ${words.join(' ')}`;
      terminal.type(`${line}; echo "it ended with $?"`);
      await expect.poll(terminal.screen, PATIENTLY).toMatch(/ leaf +reachable +0 +0 +self$/m);

      await register(['--name=db', '--port=9']);
      await expect.poll(terminal.screen, PATIENTLY).toMatch(/ leaf +reachable +0 +1 +self$/m);
      const wide = terminal.screen();
      terminal.tmux('resize-window', '-x', '50', '-y', '12');
      await expect
        .poll(terminal.screen, PATIENTLY)
        .toMatch(/^. rarangi peers [^\n]{0,48}\n  NAME/m);
      await expect.poll(() => terminal.screen().match(/NAME/g)?.length, PATIENTLY).toBe(1);
      const narrow = terminal.screen();
      await server.end();
      await expect.poll(terminal.screen, PATIENTLY).toContain('hint: see whether the server runs');
      const alone = terminal.screen();
      terminal.press('C-c');
      await expect.poll(terminal.screen, PATIENTLY).toMatch(/^it ended with 0$/m);

      for (const screen of [wide, narrow, alone]) {
        expect(screen.match(/NAME/g)).toHaveLength(1);
        expect(screen.match(/ leaf /g)).toHaveLength(1);
      }
      expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50);
      // The cursor is there again, and the last page stays.
      expect(terminal.tmux('display', '-p', '#{cursor_flag}')).toBe('1\n');
      expect(terminal.screen()).toMatch(/^✔ rarangi peers/m);
      const painted = terminal.tmux('capture-pane', '-p', '-e').includes('\u001b[2m');
      expect(painted).toBe(env.NO_COLOR === '');
    },
  );
}

for (const { by, act, code } of [
  { by: 'q', act: (terminal: Terminal) => terminal.press('q'), code: 0 },
  { by: 'Ctrl-C', act: (terminal: Terminal) => terminal.press('C-c'), code: 0 },
  { by: 'SIGTERM', act: (terminal: Terminal) => terminal.signal('SIGTERM'), code: 0 },
  { by: 'SIGHUP', act: (terminal: Terminal) => terminal.signal('SIGHUP'), code: 129 },
  { by: 'Ctrl-\\', act: (terminal: Terminal) => terminal.press('C-\\'), code: 131 },
]) {
  test.skipIf(!needs('tmux'))(
    `a page ends by ${by}, and the terminal is as it was`,
    async ({ stage }) => {
      const { address } = await startLone(stage);
      const terminal = openTerminal(stage, {}, PLAIN_SHELL);
      terminal.type(`${watchLine('status', address)}; echo "it ended with $?"; stty -g >after`);
      await expect.poll(terminal.screen, PATIENTLY).toContain('every 50ms; q or Ctrl-C ends');
      const shown = terminal.settings();

      act(terminal);

      await expect.poll(terminal.screen, PATIENTLY).toMatch(new RegExp(`ended with ${code}$`, 'm'));
      await expect.poll(() => terminal.kept('after'), PATIENTLY).toBe(terminal.kept('before'));
      expect(shown).toMatch(/ -isig -icanon /);
    },
  );
}

test.skipIf(!needs('tmux'))(
  'a page is stopped by Ctrl-Z, goes on in the background, and ends by q at the front',
  async ({ stage }) => {
    const { address, register } = await startLone(stage);
    const terminal = openTerminal(stage, {}, PLAIN_SHELL);
    terminal.type(watchLine('status', address));
    await expect.poll(terminal.screen, PATIENTLY).toMatch(/^ *services +0$/m);

    terminal.press('C-z');
    await expect.poll(terminal.screen, PATIENTLY).toContain('Stopped');
    terminal.type('stty -g >stopped; clear; bg; echo $((6 * 7)) >typed');
    await expect.poll(() => terminal.kept('typed'), PATIENTLY).toBe('42\n');
    await register(['--name=db', '--port=9']);
    await expect.poll(terminal.screen, PATIENTLY).toMatch(/^ *services +1$/m);
    terminal.type('stty -g >behind; clear; fg; echo "it ended with $?"; stty -g >after');
    await expect.poll(terminal.settings, PATIENTLY).toMatch(/ -isig -icanon /);
    terminal.press('q');
    await expect.poll(terminal.screen, PATIENTLY).toMatch(/^it ended with 0$/m);

    await expect.poll(() => terminal.kept('after'), PATIENTLY).toBe(terminal.kept('before'));
    expect(terminal.kept('stopped')).toBe(terminal.kept('before'));
    expect(terminal.kept('behind')).toBe(terminal.kept('before'));
  },
);

test.skipIf(!needs('tmux'))('a pager has the keys for itself', async ({ stage }) => {
  const { address } = await startLone(stage);
  const terminal = openTerminal(stage, {}, PLAIN_SHELL);

  terminal.type(`${watchLine('status', address)} | cat`);
  await expect.poll(terminal.screen, PATIENTLY).toMatch(/^ *services +0$/m);

  expect(terminal.settings()).toMatch(/ isig icanon /);
});

type Terminal = ReturnType<typeof openTerminal>;

/** Mends nothing of what a command leaves of the terminal, as bash does. */
const PLAIN_SHELL = 'dash -i';

function watchLine(command: string, address: string): string {
  const words = [command, '--watch', '--interval=50ms', `--server=${address}`];
  return `stty -g >before; ${process.execPath} ${RUN} ${words.join(' ')}`;
}

/** A shell in a terminal of 80 columns. */
function openTerminal(
  { folder }: Stage,
  env: NodeJS.ProcessEnv,
  shell = 'bash --norc --noprofile -i',
) {
  const tmux = (...words: string[]): string =>
    spawnSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...words], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    }).stdout;
  const tty = (): string => tmux('display', '-p', '#{pane_tty}').trim();
  tmux('new-session', '-d', '-x', '80', '-y', '20', shell);
  return {
    tmux,
    press: (...keys: string[]) => tmux('send-keys', ...keys),
    type: (text: string) => tmux('send-keys', text, 'Enter'),
    screen: () => tmux('capture-pane', '-p'),
    /** Signals the program that is shown. */
    signal: (signal: NodeJS.Signals) =>
      spawnSync('pkill', [`--signal=${signal}`, '--terminal', tty().slice('/dev/'.length), 'node']),
    /** How the terminal is set just now, in words. */
    settings: () =>
      spawnSync('stty', ['--all', '--file', tty()], { encoding: 'utf8' }).stdout.replace(
        /\n/g,
        ' ',
      ),
    /** What a command of the shell left in a file. */
    kept: (name: string) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '',
  };
}
