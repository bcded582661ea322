// Stories of what may be said: of which origins a server speaks at all, and what it believes about
// its own log, about parts that do not belong together, and about servers that have more than it
// has.

import type { InstanceId, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { factsOf, registrationAt, STRANGER, tell } from './telling.ts';
import { story } from './story.ts';

/** No kernel and no service know of the things that are made up here. */
const LAWLESS = { hosts: 2, masters: ['h1', 'h2'], checkers: () => [] };

/**
 * No server lists, offers or sends an origin that it cannot reach: frozen logs would make each
 * other reachable.
 */
export const heldBack = story({ hosts: 4 }, ({ world, run, demand, agreeWithin }) => {
  world.serve({ host: 'h3', service: 'db' });
  run(3_000);
  const said = new Set<string>();
  world.onMessage = (message, _, { self, origins }) => {
    for (const id of spokenOf(message)) {
      const standing = origins.get(id)?.standing ?? 'unknown';
      if (standing !== 'reachable') said.add(`${self.log.facts.name} ${message.kind}`);
    }
  };
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  run(5_000);
  const { spec } = world.server('h2-b');
  world.kill('h2-b');
  run(1_000);
  world.start(spec);
  // A neighbour has lost the log of a frozen origin.
  const origin = world.server('h3-a').core.state.self.id;
  tell(world, { kind: 'want', lines: [{ origin, sequence: 0 }] });
  run(3_000);
  heal();
  agreeWithin(40_000);
  demand(said.size === 0, `said of whom it could not reach: ${[...said].join()}`);
});

/** The origins in a message, goodbyes apart. */
function spokenOf(message: Message): OriginId[] {
  switch (message.kind) {
    case 'digest':
    case 'offer':
    case 'check':
      return message.lines.map(({ origin }) => origin);
    case 'entries':
      return message.batches
        .filter(({ entries }) => entries.at(-1)?.kind !== 'bye')
        .map(({ origin }) => origin);
    case 'snapshot':
      return [message.origin];
    default:
      return [];
  }
}

/** A server alone writes its log, whatever others say of it. */
export const ownWriter = story(LAWLESS, ({ world, run, demand }) => {
  const { self } = world.server('h1-a').core.state;
  const instance = 'ab'.repeat(16) as InstanceId;
  const registration = registrationAt('h1', instance);
  const { id: origin, log } = self;
  const first = log.sequence + 1;
  tell(world, {
    kind: 'entries',
    batches: [{ origin, first, entries: [{ kind: 'put', registration }] }],
  });
  run(100);
  demand(log.sequence < first, 'another server has written its log');
  tell(world, {
    ...{ kind: 'snapshot', origin, sequence: first + 9, part: 0, facts: log.facts },
    ...{ links: [], registrations: [registration], more: false },
  });
  run(100);
  demand(log.sequence < first, 'another server has replaced its log');
});

/** Parts of two snapshots make none. */
export const mixedParts = story(LAWLESS, ({ world, run, demand }) => {
  const part = { kind: 'snapshot', facts: factsOf('h9'), links: [], registrations: [] } as const;
  tell(world, { ...part, origin: STRANGER, sequence: 9, part: 0, more: true });
  tell(world, { ...part, origin: OTHER, sequence: 9, part: 1, more: false });
  run(50);
  const { origins } = world.server('h1-a').core.state;
  demand(!origins.has(STRANGER) && !origins.has(OTHER), 'parts of two snapshots are one');
});

/** A server that has more is sent nothing. */
export const ahead = story(LAWLESS, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h1', service: 'db' });
  run(2_000);
  const { log, id } = world.server('h1-b').core.state.self;
  let empty = 0;
  world.onMessage = (message) => {
    if (message.kind !== 'entries') return;
    empty += message.batches.filter(({ entries }) => entries.length === 0).length;
  };
  // It relied on h1-a for that log, so it is sent new entries and not only told of them.
  tell(world, { kind: 'want', lines: [{ origin: id, sequence: log.sequence - 1 }] });
  tell(world, { kind: 'offer', lines: [{ origin: id, sequence: log.sequence + 50 }] });
  service.update();
  run(500);
  demand(empty === 0, 'somebody who has more is sent what is less than nothing');
});

/** Goodbyes are remembered for an hour, and no longer. */
export const oldGoodbyes = story(
  { hosts: 1, masters: ['h1'], checkers: () => [] },
  ({ world, run, demand }) => {
    const remembered = (): number => world.server('h1-a').core.state.past.goodbyes.size;
    const restart = (): void => {
      const { spec } = world.server('h1-b');
      world.stop('h1-b');
      run(500);
      world.start(spec);
      run(500);
    };
    restart();
    world.run(3_300_000);
    restart();
    demand(remembered() === 2, `${String(remembered())} of 2 goodbyes within an hour are known`);
    world.run(600_000);
    restart();
    demand(remembered() === 2, `${String(remembered())} goodbyes are known, one of them is old`);
  },
);

const OTHER = 'dc'.repeat(16) as OriginId;
