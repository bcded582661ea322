// A network of its own for one who asks from beyond loopback, and the cable from there to this
// machine. It goes with the process that holds it.

import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

import { type Bench, until } from './processes.ts';

/** A cable. */
export interface Cable {
  /** The address of this machine's end, and the two of the other. */
  readonly near: string;
  readonly far: string;
  readonly beside: string;
  /** The words that, before others, run them at the other end. */
  readonly within: readonly string[];
}

/** Null, and said loudly, where no network can be made. */
export async function layCable(bench: Bench): Promise<Cable | null> {
  const { pid } = bench.program(['unshare', '--net', 'sleep', 'infinity']);
  const networkOf = (process: string): string => readlinkSync(`/proc/${process}/ns/net`);
  const within = ['nsenter', `--net=/proc/${String(pid)}/ns/net`];
  const name = `rarangi${String(pid)}`;
  // Of the addresses that RFC 2544 sets aside for measurements.
  const base = `198.18.${String((pid >> 5) & 255)}`;
  const first = (pid & 31) * 8 + 1;
  const at = (index: number): string => `${base}.${String(first + index)}`;
  const [near, far, beside] = [at(0), at(1), at(2)];
  const commands = [
    ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)],
    ['ip', 'address', 'add', `${near}/29`, 'dev', name],
    ['ip', 'link', 'set', name, 'up'],
    [...within, 'ip', 'address', 'add', `${far}/29`, 'dev', 'eth0'],
    [...within, 'ip', 'address', 'add', `${beside}/29`, 'dev', 'eth0'],
    [...within, 'ip', 'link', 'set', 'eth0', 'up'],
  ];
  try {
    await until('a network of its own', () => networkOf(String(pid)) !== networkOf('self'));
    for (const command of commands) run(command);
  } catch (error) {
    console.error('*** NOT MEASURED, for no network can be made here: run as root.', error);
    return null;
  }
  return { near, far, beside, within };
}

function run([file = '', ...words]: readonly string[]): void {
  const { status, stderr } = spawnSync(file, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${words.join(' ')}: ${stderr}`);
}
