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

test('without a server of this host it says how to start one', async ({ stage }) => {
  const nowhere = { XDG_RUNTIME_DIR: stage.folder, RARANGI_SERVER: undefined };

  const ended = await stage.run(['lookup', 'db', '-e', 'own'], { env: nowhere });
  const misspelt = await stage.run(['lokup']);

  expect(ended).toMatchObject({ code: 3, stdout: '' });
  expect(ended.stderr).toMatch(
    /^error: no catalogue server [^\n]* own [^\n]* on this host\nhint: start one with: rarangi serve -e own --bind /,
  );
  expect(misspelt).toMatchObject({
    code: 2,
    stderr: 'error: command lokup not found\nhint: did you mean: rarangi lookup\n',
  });
});
