// Whole processes: these events happen between a process and its descriptors.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawn } from 'node:child_process';

import { expect } from 'vitest';

import { test } from '../support/processes.ts';

const OUTPUT = pathToFileURL(join(import.meta.dirname, '../../dist/cli/output.js')).href;

/** Prints five megabytes in five texts, and ends when they are written. */
const PRINTER = `
  import { whenWritten, write } from ${JSON.stringify(OUTPUT)};
  for (let digit = 0; digit < 5; digit += 1) write('stdout', String(digit).repeat(1_000_000));
  whenWritten(() => process.exit(7));
`;

const PRINTED = [0, 1, 2, 3, 4].map((digit) => String(digit).repeat(1_000_000)).join('');

test('a pipe in which nobody wants to wait loses nothing, and nothing overtakes', async ({
  stage,
}) => {
  const { near, far } = await openPair(join(stage.folder, 'pair.sock'));
  // Node.js makes its own descriptors wait, but not one that a shell has put there.
  const words = ['-c', 'exec "$@" >&3', 'sh', ...printerWords()];
  const child = spawn('sh', words, { stdio: ['ignore', 'ignore', 'inherit', near] });
  near.destroy();

  const texts: string[] = [];
  far.setEncoding('latin1').on('data', (text: string) => texts.push(text));
  const [[code]] = (await Promise.all([once(child, 'exit'), once(far, 'end')])) as [
    [number],
    unknown,
  ];

  expect({ code, isAll: texts.join('') === PRINTED }).toEqual({ code: 7, isAll: true });
});

test('a reader that went away is no error', async ({ stage }) => {
  const script = '"$@" | head -c 10; exit "${PIPESTATUS[0]}"';

  const { code, stdout, stderr } = await stage.spawn([
    ...['bash', '-c', script, 'bash', ...printerWords()],
  ]).ended;

  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '0000000000', stderr: '' });
});

function printerWords(): string[] {
  return [process.execPath, '--input-type=module', '--eval', PRINTER];
}

/** Both ends of a connection. */
async function openPair(path: string): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  return { near, far };
}
