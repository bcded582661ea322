// A sidecar as a process, with a server of the test's own.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ServerHandle } from '../../src/index.ts';
import { atEnd } from '../io/world.ts';
import { type Program, RUN, startWords } from './program.ts';

/** Starts `rarangi register`, for a server; it is gone when the test ends. */
export function startSidecar(server: ServerHandle, words: readonly string[]): Program {
  return endingWithTest(startWords([...registerWords(server), ...words]));
}

/** A sidecar that is gone when the test ends, and its command with it. */
export function endingWithTest(program: Program): Program {
  atEnd(async () => {
    // Not SIGKILL: the command would stay behind, for hours if nothing else ends it.
    program.child.kill('SIGTERM');
    await program.ended;
  });
  return program;
}

/** The words that every sidecar of a server begins with. */
export function registerWords(server: ServerHandle): string[] {
  const where = ['--environment', 'testing', '--server', server.bound];
  return [process.execPath, RUN, 'register', ...where, '--log-format', 'json'];
}

/** A URL that answers well until it is told to fail. */
export async function startHealth(): Promise<{ readonly url: string; fail(): void }> {
  let status = 200;
  const server = createServer((_, response) => {
    response.writeHead(status, { connection: 'close' }).end();
  }).listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    fail: () => {
      status = 500;
    },
  };
}

/**
 * The words of a service at a port: it listens after SIGUSR1, does not after SIGUSR2, says so, and
 * ends with 5 on SIGTERM.
 */
export function switchable(port: number | string): string[] {
  return [process.execPath, '--eval', SWITCHABLE, String(port)];
}

const SWITCHABLE = `
  const { createServer } = require('node:net');
  let server = null;
  process.on('SIGUSR1', () => {
    server = createServer((socket) => socket.destroy());
    server.listen(Number(process.argv[1]), () => console.log('listening'));
  });
  process.on('SIGUSR2', () => server.close(() => console.log('closed')));
  process.on('SIGTERM', () => {
    console.log('told to end');
    process.exit(5);
  });
  setInterval(() => undefined, 60_000);
  console.log('ready');
`;
