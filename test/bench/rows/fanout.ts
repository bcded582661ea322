// One change, a thousand watchers of one server: when has each of them heard? The floor: a bare relay.

import { once } from 'node:events';

import type { Bench } from '../processes.ts';
import { type Row, spread } from '../row.ts';
import { Telling } from '../telling.ts';
import { dialRelay, openSession, registerOf, registrationOf } from '../wire.ts';
import { portOf } from './propagation.ts';

export const fanout: Row = {
  name: 'fanout',
  title: 'One change, told to many watchers',
  method: '30 changes',
  measure: async (bench, isQuick) => {
    const counts = isQuick ? { watchers: 50, rounds: 3 } : { watchers: 1_000, rounds: 30 };
    const { address } = await bench.serve();
    const told = spread((await timeWatchers(address, counts)).each);
    const floor = spread((await timeRelay(bench, counts)).each);
    const what = `a change → told to each of ${counts.watchers.toLocaleString('en')}`;
    return [
      { what, unit: 'ms', ...told, floor: floor.value },
      { what: 'the same, a bare relay', unit: 'ms', ...floor },
    ];
  },
};

/** How many watch, and how often something changes. */
export interface Counts {
  readonly watchers: number;
  readonly rounds: number;
}

/** Tells changes of a service to watchers by the protocol. */
export async function timeWatchers(
  address: string,
  { watchers: count, rounds }: Counts,
): Promise<Telling> {
  const telling = new Telling(count);
  const { service } = registrationOf(0, 'bench');
  const watchers = await Promise.all(
    Array.from({ length: count }, () =>
      openSession(address, (message) => {
        if (message.kind === 'change' && message.change === 'added') telling.heard();
      }),
    ),
  );
  for (const watcher of watchers) watcher.send({ kind: 'watch', request: 1, service, known: [] });
  const changer = await openSession(address);
  for (let round = 0; round < rounds; round += 1) {
    const registration = registrationOf(round, 'bench');
    await telling.change(() => {
      changer.send(registerOf(round, registration));
    });
  }
  for (const session of [...watchers, changer]) session.close();
  return telling;
}

async function timeRelay(bench: Bench, { watchers: count, rounds }: Counts): Promise<Telling> {
  const telling = new Telling(count);
  const port = portOf(await bench.floor('relay.mjs').said('listening'));
  const bare = await Promise.all(Array.from({ length: count }, () => dialRelay(port)));
  for (const socket of bare) socket.on('data', telling.heard);
  const from = await dialRelay(port);
  for (let round = 0; round < rounds; round += 1) {
    await telling.change(() => {
      from.write(Buffer.alloc(150, 1));
    });
  }
  for (const socket of bare) socket.destroy();
  from.destroy();
  await once(from, 'close');
  return telling;
}
