// DNS as programs of others ask it: dnsperf and kdig from Debian, dnsmasq beside our server.
// Programs that are not installed are named loudly, and their figures are left out.

import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Bench } from './processes.ts';

const run = promisify(execFile);

export const ZONE = 'development.rarangi.internal';
export const PORT = 5_353;
export const NXDOMAIN = 3;
export const A = 1;
export const SRV = 33;

/** What came of asking for a while. */
export interface Load {
  readonly sent: number;
  readonly answered: number;
  readonly answersPerS: number;
}

/** The words with which dnsperf asks for ten instances, and what else it is told. */
export function dnsperfWords(bench: Bench, address: string, words: readonly string[]): string[] {
  const file = join(bench.folder, 'questions');
  writeFileSync(file, `_bench._tcp.${ZONE} SRV\n`);
  // In a flood most time out: a line for each would be megabytes.
  const quiet = ['-O', 'suppress=timeout'];
  return ['dnsperf', ...quiet, '-e', '-d', file, '-s', address, '-p', String(PORT), ...words];
}

/** Has dnsperf ask as fast as it is answered. */
export async function load(bench: Bench, address: string, seconds: number): Promise<Load> {
  const words = ['-c', '10', '-q', '50', '-l', String(seconds)];
  return await runLoad(dnsperfWords(bench, address, words));
}

/** Runs dnsperf, whose words may have others before them. */
export async function runLoad([file = '', ...words]: readonly string[]): Promise<Load> {
  const { stdout } = await run(file, words);
  const figure = (name: string): number =>
    Number(new RegExp(`${name}: +([\\d.]+)`).exec(stdout)?.[1]);
  return {
    sent: figure('Queries sent'),
    answered: figure('Queries completed'),
    answersPerS: figure('Queries per second'),
  };
}

/** How long one question by kdig takes, from its start to its end. */
export async function kdigMs(address: string): Promise<number> {
  const sinceMs = performance.now();
  await run('kdig', [`@${address}`, '-p', String(PORT), `_bench._tcp.${ZONE}`, 'SRV']);
  return performance.now() - sinceMs;
}

/** The words with which dnsmasq says the same of so many instances. */
export function dnsmasqWords(address: string, instances: number): string[] {
  const own = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'];
  const place = ['--bind-interfaces', `--listen-address=${address}`, `--port=${String(PORT)}`];
  const records = Array.from({ length: instances }, (_, index) => {
    const target = `i-${String(index).padStart(16, '0')}.bench.${ZONE}`;
    const srv = `--srv-host=_bench._tcp.${ZONE},${target},${String(8_000 + index)}`;
    return [srv, `--host-record=${target},10.0.0.${String(index + 1)}`];
  });
  return ['dnsmasq', ...own, '--user=root', '--pid-file', ...place, ...records.flat()];
}

/** A client that asks a server by UDP, one question after the other. */
export interface Asker {
  /** The bytes of the answer. */
  ask(name: string, type: number): Promise<Buffer>;
  /** Once all questions under way are answered. */
  close(): Promise<void>;
}

export async function openAsker(address: string): Promise<Asker> {
  const socket: Socket = createSocket('udp4');
  socket.on('error', () => undefined);
  // One for each question under way.
  socket.setMaxListeners(0);
  socket.connect(PORT, address);
  await once(socket, 'connect');
  let latest = 0;
  const pending = new Set<Promise<Buffer>>();
  const askAs = async (id: number, name: string, type: number): Promise<Buffer> => {
    const query = queryOf(id, name, type);
    for (;;) {
      socket.send(query);
      const answer = await answerOf(socket, id);
      if (answer !== null) return answer;
    }
  };
  return {
    ask: async (name, type) => {
      latest = (latest + 1) & 0xffff;
      const answer = askAs(latest, name, type);
      pending.add(answer);
      return await answer.finally(() => pending.delete(answer));
    },
    close: async () => {
      await Promise.all(pending);
      socket.close();
    },
  };
}

/** Null where none comes: the door is not open yet, or a datagram is lost. */
function answerOf(socket: Socket, id: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const end = (answer: Buffer | null): void => {
      clearTimeout(timer);
      socket.off('message', take);
      resolve(answer);
    };
    const take = (bytes: Buffer): void => {
      if (bytes.readUInt16BE(0) === id) end(bytes);
    };
    const timer = setTimeout(end, AGAIN_MS, null);
    socket.on('message', take);
  });
}

/** A question in bytes. */
export function queryOf(id: number, name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
  const header = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  return Buffer.from([...header, ...labels, 0, 0, type, 0, 1, ...opt]);
}

const AGAIN_MS = 200;
