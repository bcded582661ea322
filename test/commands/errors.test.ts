// Every error has one form: what is wrong with which word, and what to do next.

import { join } from 'node:path';
import { expect } from 'vitest';

import { test } from '../support/processes.ts';

const TERMINAL = join(import.meta.dirname, '../namespaces/terminal.mjs');

const WRONG: readonly (readonly string[])[] = [
  ['lookup', '--nonsense'],
  ['lookup', 'db', 'web'],
  ['lookup', 'no name'],
  ['lookup', 'db', '--timeout', '5'],
  ['lookup', 'db', '--timeout', '0s'],
  ['lookup', 'db', '--tag', 'role'],
  ['lookup', 'db', '--cluster', '?'],
  ['lookup', 'db', '--format', 'xml'],
  ['lookup', 'db', '--on-change', 'restart'],
  ['lookup', 'web-{', '--server', 'h1'],
  ['lookup', 'db', '--server', ':1'],
  ['lookup', '--one'],
  ['lookup', '--', 'true'],
  ['lookup', 'db', '--watch', '--wait', '1s'],
  ['register'],
  ['register', '--name', 'db'],
  ['register', '--name', 'db', '--port', 'http'],
  ['register', '--name', 'db', '--port', '0'],
  ['register', '--name', 'db', '--port', '1', '--check', 'icmp'],
  ['register', '--service', 'name=db'],
  ['register', '--file', '/no/such/file'],
  ['serve', '--bind', '0.0.0.0', '--insecure'],
  ['serve', '--bind', '10.0.0.1'],
  ['serve', '-e', 'my own', '--bind', '127.0.0.1:0'],
  ['serve', '-e', 'own'],
  ['serve', '--heartbeat', '1s', '--silence', '1s'],
  ['serve', '--peer', '::1'],
  ['peers', '--forget', 'no name'],
  ['peers', '--forget', 'h1', '--watch'],
  ['status', '--interval', '0'],
];

test('every complaint is one line in lower case, and a second with the next step', async ({
  stage,
}) => {
  const terminal = stage.spawn([process.execPath, TERMINAL]);
  const ask = (words: readonly string[], question: number): Promise<unknown> => {
    terminal.type(`${JSON.stringify({ question, words })}\n`);
    return terminal.printed({ question });
  };

  const told: unknown[] = [];
  for (const [question, words] of WRONG.entries()) told.push(await ask(words, question));

  for (const [index, one] of told.entries()) {
    const said = WRONG[index]!.join(' ');
    expect(one, said).toMatchObject({ code: 2, stdout: '' });
    const { stderr } = one as { stderr: string };
    expect(stderr, said).toMatch(/^error: (?![A-Z][a-z])[^\n]+[^.\n]\nhint: [a-z][^\n]+[^.\n]\n$/);
    expect(stderr, said).not.toContain('hint: see: rarangi --help');
  }
});

/** What is typed, what is wrong with it, and what to do. */
const MEANT = [
  [['lookup', '--json=1', 'web'], '--json takes no value', 'write: --json'],
  [['serve', '--master=yes'], '--master takes no value', 'write: --master'],
  [
    ['register', '--file', ''],
    'the value of --file is empty',
    'give it a value, or leave the flag out',
  ],
  [
    ['secret', '--write='],
    'the value of --write is empty',
    'give it a value, or leave the flag out',
  ],
  [
    ['lookup', 'db', '-e', ''],
    'the value of --environment is empty',
    'give it a value, or leave the flag out',
  ],
  [['lookup', 'web:80'], /^service "web:80" is not a name: /, 'write: rarangi lookup web'],
  [['lookup', 'http://web/'], /^service "http:\/\/web\/" is not/, 'write: rarangi lookup web'],
  [['lookup', 'web', '--watch', '--one'], '--one and --watch exclude each other', /./],
  [
    ['lookup', 'web', '--watch', '--format', 'uri'],
    /^--watch prints a line of JSON for every/,
    /./,
  ],
  [['peers', 'h3'], 'unexpected argument: h3', 'write: rarangi peers --host h3'],
  [['status', 'web'], 'unexpected argument: web', 'write: rarangi explain web'],
  [['history', 'a', 'b'], 'unexpected argument: b', 'give one name at a time: rarangi history a'],
  [['explain'], /^NAME is missing: /, 'see what there is with: rarangi lookup'],
  [['list'], 'command list not found', 'did you mean: rarangi lookup'],
  [['status', '--server', 'http://h1:17348'], / is a URI: write h1$/, /./],
  [['serve', '--heartbeat', '5s', '--silence', '1s'], /^silence of 1s .* heartbeats of 5s$/, /./],
  [
    ['serve', '--heartbeat', '1ms'],
    'heartbeat of 1ms is out of bounds',
    /^use 50ms at least and 10s/,
  ],
  [
    ['serve', '--doors', 'none', '--http-name', 'x'],
    /^--http-name means nothing beside --doors/,
    /./,
  ],
  [
    ['serve', '--dns', 'none', '--dns-ttl', '1s'],
    /^--dns-ttl means nothing beside --dns none/,
    /./,
  ],
  [['serve', '--socket', 'none', '--socket-mode', '0600'], /^--socket-mode means nothing/, /./],
  [
    ['register', '--name', 'x', '--port', '1', '--drain', '1s'],
    /^--drain means nothing without/,
    /./,
  ],
  [
    ['register', '--name', 'x', '--port', '1', '--ready-timeout', '1s'],
    /^--ready-timeout means nothing without --ready or --service or --file/,
    /./,
  ],
  [['secret', '--write', 'no/folder'], 'cannot write no/folder: there is no folder no', /./],
] as const;

test('a slip of the hand is named, with what was meant', async ({ stage }) => {
  for (const [words, message, hint] of MEANT) {
    const { stderr } = await stage.run(words);

    const [error = '', advice = ''] = stderr.split('\n');
    expect([words, error, advice]).toEqual([
      words,
      `error: ${like(error, message)}`,
      `hint: ${like(advice, hint)}`,
    ]);
  }
}, 60_000);

/** What a line is to be: a text, or what it is if it matches. */
function like(line: string, wanted: string | RegExp): string {
  if (typeof wanted === 'string') return wanted;
  const said = line.replace(/^\w+: /, '');
  return wanted.test(said) ? said : String(wanted);
}

test('variables that are no slips are passed over', async ({ stage }) => {
  const secretFile = { RARANGI_SECRET_FILE: 'production.secret' };
  // What --format env makes for a service called rarangi-serve.
  const made = {
    ...{ RARANGI_SERVE_HOST: 'h', RARANGI_SERVE_PORT: '1', RARANGI_SERVE_URI: 'tcp://h:1' },
    RARANGI_SERVE_TAG_HOSTS: 'x',
  };

  const secret = await stage.run(['secret'], { env: secretFile });
  const serve = await stage.run(['serve', '--heartbeat', '1ms'], { env: made });

  expect([secret.code, secret.stderr]).toEqual([0, '']);
  expect(serve.stderr).toMatch(/^error: heartbeat of 1ms is out of bounds\n/);
});

test('without a server of this host it says how to start one', async ({ stage }) => {
  const nowhere = { XDG_RUNTIME_DIR: stage.folder, RARANGI_SERVER: undefined };

  const ended = await stage.run(['lookup', 'db', '-e', 'own'], { env: nowhere });
  const misspelt = await stage.run(['lokup']);

  expect(ended).toMatchObject({ code: 3, stdout: '' });
  expect(ended.stderr).toMatch(
    /^error: no catalogue server [^\n]* own [^\n]* on this host\nhint: start a server with: rarangi serve -e own --bind /,
  );
  expect(misspelt).toMatchObject({
    code: 2,
    stderr: 'error: command lokup not found\nhint: did you mean: rarangi lookup\n',
  });
});
