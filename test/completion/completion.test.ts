// Completion in the real shells: the offers of each, and a Tab on a terminal.

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { atEnd, openClient, ownFolder, ownIp, reaching, startServer } from '../io/world.ts';
import { needs } from '../support/needs.ts';

const execFileAsync = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const scripts = join(root, 'completion');

// How each shell is asked for what it would offer, and how a person switches the completion on.
const SHELLS = {
  bash: {
    asked: ['bash', '--norc', join(import.meta.dirname, 'bash.sh'), join(scripts, 'rarangi.bash')],
    typed: ['bash', '--norc', '--noprofile', '-i'],
    switchOn: `source ${join(scripts, 'rarangi.bash')}`,
  },
  zsh: {
    asked: ['zsh', '-f', join(import.meta.dirname, 'zsh.zsh'), join(scripts, '_rarangi')],
    typed: ['zsh', '-f', '-i'],
    switchOn: `fpath=(${scripts} $fpath); autoload -Uz compinit; compinit -u -D`,
  },
  fish: {
    asked: ['fish', '-N', join(import.meta.dirname, 'fish.fish'), join(scripts, 'rarangi.fish')],
    typed: ['fish', '-N', '-i'],
    switchOn: `source ${join(scripts, 'rarangi.fish')}`,
  },
} as const;

/** Variables with which `rarangi` is the built program. */
function withProgram(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'bin/run.js'), join(bin, 'rarangi'));
  // Settings of a user must neither change the question, nor have any effect.
  const odd = { RARANGI_JSON: '1', RARANGI_PEERS_FORGET: 'h2', RARANGI_LOOKUP_FORMAT: 'json' };
  const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
  // A bash that ends would write its history into the folder while that is removed.
  return { ...process.env, ...odd, PATH, HOME: folder, HISTFILE: '' };
}

/** The offers of a shell for each line: bare words, in alphabetical order. */
async function offers(shell: keyof typeof SHELLS, lines: readonly string[]): Promise<string[][]> {
  const cwd = ownFolder();
  const [program, ...words] = SHELLS[shell].asked;
  // The server is in this process, which must not stand still.
  const { stdout, stderr } = await execFileAsync(program, [...words, ...lines], {
    cwd,
    env: withProgram(cwd),
  });
  expect(stderr).toBe('');
  return stdout
    .split('THE END\n')
    .slice(0, -1)
    .map((part) => [...new Set(part.split('\n').filter(Boolean).map(bareWord))].sort(byLetters));
}

/** Without what shells add each in its own way: a description, the flag before, a folder. */
function bareWord(candidate: string): string {
  return candidate
    .replace(/\t.*/s, '')
    .replace(/^--[\w-]+=/, '')
    .replace(/^.*\/(?=[^/]+$)/, '')
    .trimEnd();
}

function byLetters(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** A server with services of these names; resolves to its address when it has them. */
async function serverOf(...names: readonly string[]): Promise<string> {
  const server = await startServer({ environment: 'testing', cluster: 'ams' });
  const client = openClient(reaching(server));
  await Promise.all(names.map((name) => client.register({ name, port: 9 }).registered));
  return server.bound;
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const isThere = shell === 'bash' || needs(shell);

  test.skipIf(!isThere)(`${shell} offers services, clusters, and what a flag may be`, async () => {
    const address = await serverOf('web', 'worker');
    const at = `-e testing --server ${address}`;
    const cases: Record<string, readonly string[]> = {
      'rarangi st': ['status'],
      'rarangi peers --fo': ['--forget'],
      [`rarangi lookup ${at} `]: ['web', 'worker'],
      [`rarangi lookup --environment=testing --server=${address} wo`]: ['worker'],
      [`rarangi register ${at} --name we`]: ['web'],
      [`rarangi lookup ${at} --cluster `]: ['ams'],
      'rarangi history --fo': ['--follow'],
      [`rarangi history ${at} --since 1h w`]: ['web', 'worker'],
      [`rarangi history ${at} --host `]: ['h1'],
      [`rarangi history web ${at} wo`]: [],
      [`rarangi explain ${at} `]: ['h1', 'web', 'worker'],
      [`rarangi explain web ${at} wo`]: [],
      [`rarangi lookup web ${at} wo`]: [],
      // Another environment, and no server at all.
      [`rarangi lookup -e production --server ${address} `]: [],
      [`rarangi lookup --server ${ownIp()}:9 `]: [],
      'rarangi lookup -e st': ['staging'],
      'rarangi lookup --format ': ['env', 'host', 'hostport', 'json', 'port', 'uri'],
      'rarangi serve --log-format=pr': ['pretty'],
      'rarangi lookup --watch --on-change re': ['restart'],
      'rarangi register --check ht': ['http://'],
      [`rarangi register --file ${root}/package-l`]: ['package-lock.json'],
      'rarangi serve --cluster x --socket non': ['none'],
      'rarangi register --name x --port 1 -- rarang': ['rarangi'],
    };

    const offered = await offers(shell, Object.keys(cases));

    const byLine = Object.keys(cases).map((line, index) => [line, offered[index]]);
    expect(Object.fromEntries(byLine)).toEqual(cases);
  });

  test.skipIf(!isThere || !needs('tmux'))(`a Tab in ${shell} completes a service`, async () => {
    const address = await serverOf('worker');
    const { typed, switchOn } = SHELLS[shell];
    const folder = ownFolder();
    const env = withProgram(folder);
    const tmux = (...words: string[]): string =>
      spawnSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...words], {
        cwd: folder,
        encoding: 'utf8',
        env,
      }).stdout;
    atEnd(() => tmux('kill-server'));
    const screen = (): string => tmux('capture-pane', '-p', '-J');
    tmux('new-session', '-d', '-x', '120', '-y', '20', typed.join(' '));

    tmux('send-keys', switchOn, 'Enter', `printf '%s\\n' sw''itched`, 'Enter');
    await expect.poll(screen, { timeout: 20_000 }).toMatch(/^switched$/m);
    tmux('send-keys', `rarangi lookup -e testing --server ${address} w`, 'Tab', '--one');

    await expect.poll(screen, { timeout: 20_000 }).toMatch(/ worker --one$/m);
  });
}
