// One change, a thousand watchers of one server: when has each of them heard? The floor: a bare relay.

import { once } from 'node:events';

import { type Row, spread } from '../row.ts';
import { dialRelay, openSession, registerOf, registrationOf } from '../wire.ts';
import { portOf } from './propagation.ts';

export const fanout: Row = {
  name: 'fanout',
  title: 'One change, told to many watchers',
  method: '30 changes',
  measure: async (bench, isQuick) => {
    const [count, rounds] = isQuick ? [50, 3] : [1_000, 30];
    const { address } = await bench.serve();
    const times: number[] = [];
    let sinceMs = 0;
    let left = 0;
    let allTold = (): void => undefined;
    const tell = (): void => {
      times.push(performance.now() - sinceMs);
      left -= 1;
      if (left === 0) allTold();
    };
    const untilTold = (act: () => void): Promise<void> => {
      left = count;
      const told = new Promise<void>((resolve) => {
        allTold = resolve;
      });
      sinceMs = performance.now();
      act();
      return told;
    };
    const { service } = registrationOf(0, 'bench');
    const watchers = await Promise.all(
      Array.from({ length: count }, () =>
        openSession(address, (message) => {
          if (message.kind === 'change' && message.change === 'added') tell();
        }),
      ),
    );
    for (const watcher of watchers) watcher.send({ kind: 'watch', request: 1, service, known: [] });
    const changer = await openSession(address);
    for (let round = 0; round < rounds; round += 1) {
      const registration = registrationOf(round, 'bench');
      await untilTold(() => changer.send(registerOf(round, registration)));
    }
    for (const session of [...watchers, changer]) session.close();
    const told = spread(times.splice(0));

    const port = portOf(await bench.floor('relay.mjs').said('listening'));
    const bare = await Promise.all(Array.from({ length: count }, () => dialRelay(port)));
    for (const socket of bare) socket.on('data', tell);
    const from = await dialRelay(port);
    for (let round = 0; round < rounds; round += 1) {
      await untilTold(() => void from.write(Buffer.alloc(150, 1)));
    }
    for (const socket of bare) socket.destroy();
    from.destroy();
    await once(from, 'close');
    const what = `a change → told to each of ${count.toLocaleString('en')}`;
    const floor = spread(times);
    return [
      { what, unit: 'ms', ...told, floor: floor.value },
      { what: 'the same, a bare relay', unit: 'ms', ...floor },
    ];
  },
};
