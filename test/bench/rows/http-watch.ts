// Watches by HTTP. How soon is a service that is killed gone from a stream of events at another
// host? How soon have a thousand streams heard of a change, beside as many sessions of the protocol
// at the same server?

import { openEvents } from '../http.ts';
import { median, type Row, spread } from '../row.ts';
import { Telling } from '../telling.ts';
import { openSession, registerOf, registrationOf } from '../wire.ts';
import { type Counts, timeWatchers } from './fanout.ts';
import { timeKills } from './removal.ts';

export const httpRemoval: Row = {
  name: 'http-removal',
  title: 'HTTP: a service is killed (kill -9), told to a stream of events on another host',
  method: '100 kills',
  measure: async (bench, isQuick) => {
    const times = await timeKills(bench, isQuick ? 3 : 100, async (address, tell) => {
      const stream = await openEvents(address, 'bench', tell);
      return () => {
        stream.destroy();
      };
    });
    return [{ what: 'kill -9 → told by HTTP', unit: 'ms', ...spread(times), must: '≤ 5' }];
  },
};

export const httpFanout: Row = {
  name: 'http-fanout',
  title: 'HTTP: one change, told to many streams of events',
  method: '30 changes',
  measure: async (bench, isQuick) => {
    const counts = isQuick ? { watchers: 50, rounds: 3 } : { watchers: 1_000, rounds: 30 };
    const { address } = await bench.serve();
    const plain = await timeWatchers(address, counts);
    const streams = await timeStreams(address, counts);
    const what = `a change → told to each of ${counts.watchers.toLocaleString('en')} streams`;
    const [value, floor] = [median(streams.all), median(plain.all)];
    return [
      { what, unit: 'ms', ...spread(streams.each), floor: median(plain.each) },
      { what: 'told to all of them', unit: 'ms', value, floor },
      {
        what: 'the same, by as many of the protocol',
        unit: 'x',
        value: value / floor,
        must: '≤ 1.5',
      },
    ];
  },
};

async function timeStreams(address: string, { watchers, rounds }: Counts): Promise<Telling> {
  const telling = new Telling(watchers);
  const streams = await Promise.all(
    Array.from({ length: watchers }, () =>
      openEvents(address, 'bench', (change) => {
        if (change === 'added') telling.heard();
      }),
    ),
  );
  const changer = await openSession(address);
  for (let round = 0; round < rounds; round += 1) {
    const registration = registrationOf(round, 'bench');
    await telling.change(() => {
      changer.send(registerOf(round, registration));
    });
  }
  for (const stream of streams) stream.destroy();
  changer.close();
  return telling;
}
