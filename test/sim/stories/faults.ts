// Stories of bugs of our own: something is thrown while a server handles what a client, another server
// or its sibling has said, in the core, the decoder or the encoder. That costs this one connection; for
// everybody else all invariants hold.

import type { Message } from '../../../src/protocol/messages.ts';
import { understanding } from '../checkers/understanding.ts';
import { mutantCores } from '../mutations/mutant.ts';
import type { Sabotage, SimServer } from '../world/cluster.ts';
import { allCheckers } from '../world/run.ts';
import type { Stage, Story } from './story.ts';
import { noticesOf, stateAt, story } from './story.ts';

/** Each is met by a ping with a stamp of its own: as it is handled, read, and answered. */
const STAMPS = { core: 7_777, decoder: 8_888, encoder: 6_666 } as const;

const told = story(
  {
    hosts: 3,
    masters: ['h1', 'h2'],
    checkers: () => allCheckers().filter((checker) => checker !== understanding),
  },
  (stage) => {
    const { world, run } = stage;
    for (const host of ['h1', 'h2', 'h3']) {
      for (const door of ['socket', 'tcp'] as const) world.serve({ host, service: 'db', door });
      world.watch({ host, service: 'db' });
    }
    run(3_000);
    for (const stamp of Object.values(STAMPS)) meetFromClient(stage, stamp);
    for (const [index, stamp] of Object.values(STAMPS).entries()) {
      meetFromServer(stage, PEERS[index] ?? PEERS[0], stamp);
      meetFromServer(stage, SIBLINGS[index] ?? SIBLINGS[0], stamp);
    }
    run(20_000);
    stage.agreeWithin(10_000);
  },
);

/** All of them, one after the other. */
export const planted: Story = (_, seed) => told(sabotage(), seed);

type Pair = readonly [from: string, to: string];

const PEERS: readonly [Pair, ...Pair[]] = [
  ['h2-a', 'h1-a'],
  ['h1-b', 'h2-b'],
  ['h2-b', 'h1-a'],
];
const SIBLINGS: readonly [Pair, ...Pair[]] = [
  ['h3-a', 'h3-b'],
  ['h1-a', 'h1-b'],
  ['h2-b', 'h2-a'],
];

function sabotage(): Sabotage {
  const { core, decoder, encoder } = STAMPS;
  const cores = mutantCores([
    [
      'dispatch#dispatchSign',
      'const { stamp } = message;',
      `const { stamp } = message;
if (stamp === ${String(core)}) throw new Error('planted in the core');`,
    ],
    [
      'bulkhead#decoded',
      'return { message: decodeMessage(frame), fault: null };',
      `const message = decodeMessage(frame);
if (message.kind === 'ping' && message.stamp === ${String(decoder)}) {
  throw new Error('planted in the decoder');
}
return { message, fault: null };`,
    ],
    [
      'codec#encodePieces',
      'return [encodeFields(layout, message)];',
      `if (message.kind === 'pong' && message.stamp === ${String(encoder)}) {
  throw new Error('planted in the encoder');
}
return [encodeFields(layout, message)];`,
    ],
  ]);
  return { cores };
}

function meetFromClient({ world, run, demand }: Stage, stamp: number): void {
  const sinceMs = world.nowMs;
  const sessionsCount = (): number => world.server('h1-a').core.state.sessions.size;
  const before = sessionsCount();
  world.call('h1', pingOf(stamp));
  run(1_000);
  demand(noticesOf(world, 'fault', sinceMs) === 1, `${String(stamp)}: a client meets no fault`);
  demand(sessionsCount() === before, `${String(stamp)}: a client is not closed, or others are`);
}

function meetFromServer({ world, run, demand }: Stage, [from, to]: Pair, stamp: number): void {
  const sinceMs = world.nowMs;
  const [sayer, hearer] = [world.server(from), world.server(to)];
  const link = sayer.core.state.links.get(hearer.core.state.self.id);
  const what = `${String(stamp)} from ${from} to ${to}`;
  demand(link !== undefined, `${what}: they are not linked`);
  if (link === undefined) return;
  world.disturb();
  sayer.say(link.connection.id, pingOf(stamp));
  run(500);
  demand(noticesOf(world, 'fault', sinceMs) === 1, `${what}: a server meets no fault`);
  const isSibling = from.split('-')[0] === to.split('-')[0];
  run(3_500);
  demand(isLinked(sayer, hearer) === isSibling, `${what}: kept out too long, or not at all`);
  for (const server of world.running()) {
    for (const { instance } of world.services) {
      demand(stateAt(server, instance) === 'live', `${what}: ${server.name} misses ${instance}`);
    }
  }
}

function isLinked(one: SimServer, other: SimServer): boolean {
  return one.core.state.links.has(other.core.state.self.id);
}

function pingOf(stamp: number): Message {
  return { kind: 'ping', stamp };
}
