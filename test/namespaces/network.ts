// A network of namespaces: every node is a network, a /run and a cable of its own; the switch that
// the cables lead to is a namespace too, so the machine's own network is never touched. The switch is
// the kernel's (bridges, and a veth pair a cable), or one that loses and delays: see taps.ts.
// The invariant: a namespace has no name and lives as long as the process that holds it, which ends
// with us; so whatever happens, nothing is left to be removed.

import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import { type Program, runProgram, startProgram } from './programs.ts';

/** Whether namespaces can be made here. Throws where a skip is a failure. */
export function canMakeNetworks(): boolean {
  if (!needs('iproute2')) return false;
  const probe = ['--net', '--mount', 'ip', 'link', 'add', 'type', 'veth'];
  if (spawnSync('unshare', probe, { stdio: 'ignore' }).status === 0) return true;
  const said = 'network namespaces cannot be made here: run as root';
  if (process.env['RARANGI_TEST_NO_SKIPS'] === '1') throw new Error(said);
  process.stderr.write(`*** NOT TESTED: what needs network namespaces. ${said}\n`);
  return false;
}

/** A machine. */
export interface Node {
  readonly address: string;
  /** Starts a program there. */
  start(words: readonly string[]): Program;
  /** Kills every program there. */
  killAll(): void;
  /** From now on silently drops packets from these addresses. */
  drop(from: readonly string[]): Promise<void>;
  /** Drops nothing any more. */
  dropNone(): Promise<void>;
}

/** The switch of the nodes' cables; a node is named by its index, from 1. */
export interface Switch {
  /** Makes `eth0` in the network of a process, and the cable from there. */
  plugIn(index: number, pid: number): Promise<void>;
  /** Joins the cables of each group; those of a node that is in no group are out. */
  join(groups: readonly (readonly number[])[]): Promise<void>;
  close(): Promise<void>;
}

/** Machines, and the cables between them. */
export interface Network {
  readonly nodes: readonly Node[];
  /** Joins the cables of each group by a switch of its own; of a node that is in no group, none. */
  join(groups: readonly (readonly Node[])[]): Promise<void>;
  /** Ends everything that runs on it, and the network. */
  close(): Promise<void>;
}

/** Makes machines, all on one switch. */
export async function openNetwork(
  nodesCount: number,
  openSwitch: (nodesCount: number) => Promise<Switch> = openBridges,
): Promise<Network> {
  const middle = await openSwitch(nodesCount);
  const members: Member[] = [];
  while (members.length < nodesCount) members.push(await plugIn(middle, members.length + 1));
  const nodes = members.map(({ node }) => node);
  return {
    nodes,
    join: async (groups) => {
      await middle.join(groups.map((group) => group.map((node) => nodes.indexOf(node) + 1)));
    },
    close: async () => {
      for (const { node } of members) node.killAll();
      for (const { held } of members) held.signal('SIGKILL');
      await Promise.all(members.map(({ held }) => held.ended));
      await middle.close();
    },
  };
}

async function openBridges(nodesCount: number): Promise<Switch> {
  const held = await holdNamespace(SWITCH_READY);
  const indexes = Array.from({ length: nodesCount }, (_, at) => at + 1);
  return {
    plugIn: async (index, pid) => {
      await configure(held.pid, [
        `link add port${String(index)} type veth peer name eth0 netns ${String(pid)}`,
        `link set port${String(index)} master bridge0 up`,
      ]);
    },
    join: async (groups) => {
      const commands = indexes.map((index) => {
        const bridge = groups.findIndex((group) => group.includes(index));
        return bridge < 0
          ? `link set port${String(index)} nomaster down`
          : `link set port${String(index)} master bridge${String(bridge)} up`;
      });
      await configure(held.pid, commands);
    },
    close: async () => {
      held.signal('SIGKILL');
      await held.ended;
    },
  };
}

interface Member {
  readonly node: Node;
  /** The process that holds its namespace. */
  readonly held: Program;
}

async function plugIn(middle: Switch, index: number): Promise<Member> {
  const held = await holdNamespace(NODE_READY);
  const address = `10.77.0.${String(index)}`;
  await middle.plugIn(index, held.pid);
  await configure(held.pid, [`addr add ${address}/24 dev eth0`, 'link set eth0 up']);
  return { node: createNode(held, address), held };
}

function createNode({ pid }: Program, address: string): Node {
  const network = networkOf(pid);
  const enter = ['nsenter', `--target=${String(pid)}`, '--net', '--mount', '--wd=/', '--'];
  let dropped: readonly string[] = [];
  return {
    address,
    start: (words) => startProgram([...enter, ...words]),
    killAll: () => {
      for (const other of pidsOn(network)) if (other !== pid) kill(other);
    },
    drop: async (from) => {
      dropped = [...dropped, ...from];
      await configure(
        pid,
        from.map((source) => `rule add pref 1 iif eth0 from ${source} blackhole`),
      );
    },
    dropNone: async () => {
      await configure(
        pid,
        dropped.map((source) => `rule del pref 1 iif eth0 from ${source} blackhole`),
      );
      dropped = [];
    },
  };
}

/** Opens a network, made ready by a script, that lasts as long as the program. */
export async function holdNamespace(prepare: string): Promise<Program> {
  const script = `${prepare} && echo '{"is":"ready"}' && exec sleep infinity`;
  const holder = startProgram(['unshare', '--net', '--mount', 'sh', '-c', script]);
  await eventually(
    () => 'a namespace',
    () => holder.said[0],
  );
  return holder;
}

/** Several commands of `ip`, as one, in the network of a process. */
export async function configure(pid: number, commands: readonly string[]): Promise<void> {
  const script = `printf '%s\\n' "$@" | ip -batch -`;
  const enter = ['nsenter', `--target=${String(pid)}`, '--net', '--'];
  if (commands.length > 0) await runProgram([...enter, 'sh', '-c', script, 'sh', ...commands]);
}

function pidsOn(network: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => networkOf(pid) === network);
}

/** The identity of a process's network; nothing when the process has ended. */
function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/net`);
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/** As many bridges as there may be groups. */
const SWITCH_READY = [0, 1, 2, 3, 4, 5]
  .map((bridge) => `ip link add bridge${bridge} type bridge && ip link set bridge${bridge} up`)
  .join(' && ');

/**
 * A rule that drops must come before the one that finds a node's own addresses, and established
 * connections must not go round the rules.
 */
const NODE_READY = [
  'mount -t tmpfs -o mode=755 none /run',
  'ip link set lo up',
  'ip rule add pref 10 lookup local',
  'ip rule del pref 0',
  'echo 0 >/proc/sys/net/ipv4/ip_early_demux',
].join(' && ');
