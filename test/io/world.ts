// The things of a test in this folder: servers, clients, folders and an address of loopback that no
// other test uses. All of it is gone when the test ends.

import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type {
  ClientOptions,
  Notice,
  ServeOptions,
  ServerHandle,
  WatchEvent,
} from '../../src/index.ts';
import { connect, serve, watch } from '../../src/index.ts';

/** Runs something when the test ends; the latest first. */
export function atEnd(end: () => unknown): void {
  onTestFinished(async () => {
    await end();
  });
}

/** An address of loopback of the test's own; with 127 as its first byte, as 127.0.0.1 has. */
export function ownIp(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

/** A folder of the test's own. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rarangi-'));
  atEnd(() => {
    // A program that is just ending may still leave a file there.
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });
  return folder;
}

/** A server on a port of its own; it has stopped when the test ends. */
export async function startServer(options: ServeOptions = {}): Promise<ServerHandle> {
  const server = await serve({
    environment: 'testing',
    host: 'h1',
    bind: `${ownIp()}:0`,
    ...options,
  });
  atEnd(() => server.stop());
  return server;
}

/** A server and its notices, as they come. */
export async function startTalkingServer(
  options: ServeOptions = {},
): Promise<{ readonly server: ServerHandle; readonly notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const server = await startServer({ ...options, onNotice: (notice) => notices.push(notice) });
  return { server, notices };
}

/** Both servers of a host, each knowing of the other. */
export async function startHost(
  options: ServeOptions = {},
): Promise<readonly [ServerHandle, ServerHandle]> {
  const bind = ownIp();
  const first = await startServer({ bind, ...options });
  const second = await startServer({ bind, ...options });
  return [first, second];
}

/** How a client finds exactly these servers. */
export function reaching(...servers: readonly ServerHandle[]): ClientOptions {
  return { environment: 'testing', servers: servers.map(({ bound }) => bound) };
}

/** A client that is closed when the test ends. */
export function openClient(options: ClientOptions): ReturnType<typeof connect> {
  const client = connect(options);
  atEnd(() => client.close());
  return client;
}

/** A watch, one event at a time; it is left when the test ends. */
export interface Watching {
  /** The next event, in short: what changed, the port, and the cause if it has one. */
  next(): Promise<string>;
  nextWhole(): Promise<WatchEvent>;
}

/** Watches a service, and has seen the whole present set. */
export async function watchSynced(name: string, options: ClientOptions): Promise<Watching> {
  const watching = startWatch(name, options);
  while ((await watching.next()) !== 'synced');
  return watching;
}

/** Watches a service. */
export function startWatch(name: string, options: ClientOptions): Watching {
  const events = watch(name, options)[Symbol.asyncIterator]();
  atEnd(() => events.return?.());
  const nextWhole = async (): Promise<WatchEvent> => {
    const { value } = (await events.next()) as IteratorResult<WatchEvent, undefined>;
    if (value === undefined) throw new Error('the watch has ended');
    return value;
  };
  return { nextWhole, next: async () => inShort(await nextWhole()) };
}

/** An event, in a few words. */
export function inShort({ change, instance, cause }: WatchEvent): string {
  const port = instance === undefined ? [] : [String(instance.port)];
  return [change, ...port, ...(cause === undefined ? [] : [cause])].join(' ');
}
