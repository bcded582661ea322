// A switch that loses and delays, one way or both: the kernel's own shaper is not everywhere, so a
// program in Python passes on the frames of TAP devices. The invariant: an order holds when it is
// answered, and a cut takes everything, whatever else was ordered.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import { canMakeNetworks, configure, holdNamespace, type Switch } from './network.ts';
import { type Program, startProgram } from './programs.ts';

/** The traits of one way between two nodes. */
export interface Trait {
  /** The indexes of the nodes, from 1. */
  readonly from: number;
  readonly to: number;
  /** The share of the frames that is lost, 0 to 1. */
  readonly loss?: number;
  readonly delayMs?: number;
}

/** A switch that loses and delays. */
interface TapSwitch extends Switch {
  /** From now on these ways have these traits, and all others none. */
  shape(traits: readonly Trait[]): Promise<void>;
}

/** Whether there can be such a switch here. Throws where a skip is a failure. */
export function canShapeNetworks(): boolean {
  if (!canMakeNetworks() || !needs('python3')) return false;
  const probe = ['--net', 'ip', 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap'];
  if (spawnSync('unshare', probe, { stdio: 'ignore' }).status === 0) return true;
  const said = 'TAP devices cannot be made here: is there a /dev/net/tun?';
  if (process.env['RARANGI_TEST_NO_SKIPS'] === '1') throw new Error(said);
  process.stderr.write(`*** NOT TESTED: what needs a network that loses. ${said}\n`);
  return false;
}

/** Opens a switch with as many ports. */
export async function openTaps(nodesCount: number): Promise<TapSwitch> {
  const held = await holdNamespace('true');
  const program = await startSwitch(held.pid, nodesCount);
  const indexes = Array.from({ length: nodesCount }, (_, at) => at + 1);
  let groups: readonly (readonly number[])[] = [indexes];
  let traits: readonly Trait[] = [];
  let ordersCount = 0;
  const order = async (): Promise<void> => {
    ordersCount += 1;
    const number = ordersCount;
    program.type(JSON.stringify({ number, ways: waysOf(groups, traits) }));
    await eventually(
      () => `order ${String(number)} of the switch`,
      () => program.said.find(({ fields }) => fields['number'] === number),
    );
  };
  await order();
  return {
    plugIn: async (index, pid) => {
      await configure(held.pid, [`link set tap${String(index)} netns ${String(pid)} name eth0`]);
    },
    join: async (given) => {
      groups = given;
      await order();
    },
    shape: async (given) => {
      traits = given;
      await order();
    },
    close: async () => {
      for (const one of [program, held]) one.signal('SIGKILL');
      await Promise.all([program.ended, held.ended]);
    },
  };
}

async function startSwitch(pid: number, nodesCount: number): Promise<Program> {
  const enter = ['nsenter', `--target=${String(pid)}`, '--net', '--'];
  const program = startProgram([...enter, 'python3', SWITCH, String(nodesCount)]);
  await eventually(
    () => 'a switch of TAP devices',
    () => program.said[0],
  );
  return program;
}

/** Every open way, with its traits. */
function waysOf(groups: readonly (readonly number[])[], traits: readonly Trait[]): Trait[] {
  const open = groups.flatMap((group) =>
    group.flatMap((from) => group.map((to) => ({ from, to }))),
  );
  return open.map((way) => {
    const trait = traits.find(({ from, to }) => from === way.from && to === way.to);
    return trait ?? way;
  });
}

const SWITCH = join(import.meta.dirname, 'taps.py');
