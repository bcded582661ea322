// The cost of a new link in a fleet of 2,000 servers: the digests that both ends begin with, and
// the whole catalogue where one end lacks it. The fleet is played by a hub (played.ts); what is
// measured is a server that has all of it. The floor: a bare server with as many bytes, undecoded.

import type { Socket } from 'node:net';

import {
  FRAME_BYTES_MAX,
  LINK_HEARTBEAT_MS,
  PROTOCOL_VERSIONS,
} from '../../../src/protocol/constants.ts';
import { FrameDecoder } from '../../../src/protocol/frame.ts';
import { doAllSay } from '../fleet.ts';
import {
  digestOf,
  onMessages,
  playedFacts,
  PlayedFleet,
  PlayedHub,
  playedOrigin,
} from '../played.ts';
import { type Bench, type Server, until } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';
import { dial, environment, framed, PING } from '../wire.ts';
import { portOf } from './propagation.ts';

export const link: Row = {
  name: 'link',
  title: 'A new link in a fleet of 2,000 servers',
  method: '21 links, one after the other; one server that joins',
  measure: async (bench, isQuick) => {
    const [hostsCount, rounds] = isQuick ? [20, 2] : [999, 21];
    const fleet = new PlayedFleet({ hostsCount, instancesCount: 10 * hostsCount });
    const hub = await PlayedHub.open(fleet, bench.address());
    const server = await bench.serve({ words: ['--master', `--peer=${hub.address}`] });
    await hub.taken();
    const digests: Cost[] = [];
    const catalogues: Cost[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const neighbour = await Neighbour.dial(server, fleet, round);
      digests.push(await neighbour.exchangeDigests());
      catalogues.push(await neighbour.takeCatalogue());
      neighbour.close();
    }
    const joinMs = await timeJoin(bench, server, fleet);
    hub.close();
    const many = (fleet.logs.size + 1).toLocaleString('en');
    const digest = await figuresOf(bench, `digests of ${many} servers, both ways`, digests);
    const items = (2 * fleet.instancesCount).toLocaleString('en');
    const what = `${items} registrations of ${many} servers`;
    const catalogue = await figuresOf(bench, `${what}: sent`, catalogues);
    const [{ floor = 0 } = {}] = catalogue;
    return [
      ...digest,
      ...catalogue,
      { what: `${what}: an empty server that joins has all`, unit: 'ms', value: joinMs, floor },
    ];
  },
};

/** The time of a step, and its bytes on the wire. */
interface Cost {
  readonly milliseconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A server that is played, with a link to the one that is measured. */
class Neighbour {
  readonly #socket: Socket;
  readonly #fleet: PlayedFleet;
  readonly #hello: Uint8Array;

  private constructor(socket: Socket, fleet: PlayedFleet, index: number) {
    this.#socket = socket;
    this.#fleet = fleet;
    const beat = setInterval(() => socket.write(PING), LINK_HEARTBEAT_MS);
    socket.on('close', () => {
      clearInterval(beat);
    });
    this.#hello = framed({
      kind: 'hello',
      protocol: PROTOCOL_VERSIONS[0] ?? 0,
      role: 'peer',
      environment,
      origin: playedOrigin(fleet.logs.size + index),
      facts: playedFacts(`neighbour-${String(index)}`, fleet.logs.size + index),
    });
  }

  static async dial({ address }: Server, fleet: PlayedFleet, index: number): Promise<Neighbour> {
    const socket = await dial(address);
    await new Promise((resolve) => socket.once('data', resolve));
    return new Neighbour(socket, fleet, index);
  }

  /** Until both ends have taken in what the other one has. */
  exchangeDigests(): Promise<Cost> {
    const digest = digestOf(this.#fleet.lines());
    const stamped = framed({ kind: 'ping', stamp: 1 });
    return this.#cost(Buffer.concat([this.#hello, digest, stamped]), (isOver) => {
      let isListed = false;
      onMessages(this.#socket, (message) => {
        if (message.kind === 'digest' && !message.more) isListed = true;
        // The answer to our ping comes after our digest was taken in.
        if (message.kind === 'pong' && isListed) isOver();
      });
    });
  }

  /** Asks for everything: one snapshot for each server. They are counted, not decoded. */
  takeCatalogue(): Promise<Cost> {
    const lines = this.#fleet.lines().map(({ origin }) => ({ origin, sequence: 0 }));
    return this.#cost(framed({ kind: 'want', lines }), (isOver) => {
      const decoder = new FrameDecoder(FRAME_BYTES_MAX);
      let left = lines.length;
      this.#socket.on('data', (chunk) => {
        for (const [, code, number] of decoder.push(chunk)) {
          if (code === ONE_BYTE && number === SNAPSHOT) left -= 1;
        }
        if (left === 0) isOver();
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  async #cost(said: Uint8Array, listen: (isOver: () => void) => void): Promise<Cost> {
    const socket = this.#socket;
    const before = socket.bytesRead;
    const sinceMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      socket.on('close', () => {
        reject(new Error('the server has closed the link'));
      });
      listen(resolve);
      socket.write(said);
    });
    const milliseconds = performance.now() - sinceMs;
    socket.removeAllListeners('data');
    return { milliseconds, sentBytes: said.length, receivedBytes: socket.bytesRead - before };
  }
}

/** Time and bytes, and the time that a bare server takes for the same bytes. */
async function figuresOf(bench: Bench, what: string, costs: readonly Cost[]): Promise<Figure[]> {
  const sentBytes = median(costs.map((cost) => cost.sentBytes));
  const receivedBytes = median(costs.map((cost) => cost.receivedBytes));
  const words = [sentBytes, receivedBytes].map(String);
  const bare = await dial(
    `127.0.0.1:${portOf(await bench.floor('answer.mjs', words).said('listening'))}`,
  );
  const floors: number[] = [];
  for (const _ of costs) {
    const sinceMs = performance.now();
    let left = receivedBytes;
    await new Promise<void>((resolve) => {
      bare.on('data', ({ length }: Buffer) => {
        left -= length;
        if (left === 0) resolve();
      });
      bare.write(Buffer.alloc(sentBytes, 1));
    });
    bare.removeAllListeners('data');
    floors.push(performance.now() - sinceMs);
  }
  bare.destroy();
  const value = median(costs.map(({ milliseconds }) => milliseconds));
  return [
    { what, unit: 'ms', value, floor: median(floors) },
    { what, unit: 'kB', value: (sentBytes + receivedBytes) / 1e3 },
  ];
}

/** From when its sockets listen. */
async function timeJoin(bench: Bench, { address }: Server, fleet: PlayedFleet): Promise<number> {
  const joining = await bench.serve({ words: [`--peer=${address}`] });
  const sinceMs = performance.now();
  await until('the joining server has all', () =>
    doAllSay([joining], ({ servers, instances }) => {
      const hasServers = servers.reachable >= fleet.logs.size + 2;
      return hasServers && instances.live === fleet.instancesCount;
    }),
  );
  return performance.now() - sinceMs;
}

/** How a message begins that is a snapshot: an array of two, and its code, 42, in one byte more. */
const [ONE_BYTE, SNAPSHOT] = [0x18, 42];
