// HTTP as programs of others ask it: wrk and curl from Debian; and watchers without logic. Programs
// that are not installed are named loudly, and their figures are left out.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';

import { floorFile, until } from './processes.ts';
import { dial } from './wire.ts';

const run = promisify(execFile);

/** The port of HTTP of the first server of a host. */
export const PORT = 17_342;
/** The port of HTTP of the host. */
export const HOST_PORT = 17_348;

/** Another port of a server's address. */
export function placeOf(address: string, port: number): string {
  return `${address.slice(0, address.lastIndexOf(':'))}:${String(port)}`;
}

/** Resolves when a port takes connections: doors open a little after their server. */
export async function untilOpen(place: string): Promise<void> {
  await until(`${place} is open`, async () => {
    const socket = await dial(place).catch(() => null);
    socket?.destroy();
    return socket !== null;
  });
}

/** How often and how long something is asked, and by how many connections. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
}

/** How many answers wrk gets in a second. Throws when one of them is wrong. */
export async function answersPerS(url: string, { connections, seconds }: Load): Promise<number> {
  const words = ['-t1', `-c${String(connections)}`, `-d${String(seconds)}s`];
  const { stdout } = await run('wrk', [...words, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]);
}

/** Asks so many times a second, by the clock; how many answers come in a second. */
export async function steadyPerS(url: string, perS: number, load: Load): Promise<number> {
  const words = [perS, load.seconds, load.connections].map(String);
  const { stdout } = await run(process.execPath, [floorFile('steady.mjs'), url, ...words]);
  const { answered, seconds } = JSON.parse(stdout) as { answered: number; seconds: number };
  return answered / seconds;
}

/** How long one question by curl takes, from its start to its end. */
export async function curlMs(url: string): Promise<number> {
  const sinceMs = performance.now();
  await run('curl', ['-sf', url]);
  return performance.now() - sinceMs;
}

/**
 * Opens a stream of server-sent events of one service at a server's own port; resolves when the
 * present set is there.
 */
export async function openEvents(
  address: string,
  service: string,
  onChange: (change: string) => void,
): Promise<Socket> {
  const place = placeOf(address, PORT);
  await untilOpen(place);
  const socket = await dial(place);
  const synced = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      // Every event that is looked for comes in one piece: the stream is written event by event.
      for (const [, change = ''] of bytes.toString('latin1').matchAll(/^event: (\w+)$/gm)) {
        if (change === 'synced') resolve();
        onChange(change);
      }
    });
  });
  const head = `GET /v1/watch?service=${service} HTTP/1.1\r\nHost: localhost\r\n`;
  socket.write(`${head}Accept: text/event-stream\r\n\r\n`);
  await Promise.race([synced, once(socket, 'close').then(lost)]);
  return socket;
}

function lost(): never {
  throw new Error('the stream of events ended before it began');
}
