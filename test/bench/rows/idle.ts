// Row F. The weight of a server that holds a thousand registrations of sidecars while nothing
// happens. The floor: a bare server with as many connections.

import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';

import { connect } from '../../../src/index.ts';
import { cpuShare, leastWithin, residentBytes } from '../processes.ts';
import { type Row } from '../row.ts';
import { portOf } from './propagation.ts';

export const idle: Row = {
  name: 'idle',
  title: 'F. A server that holds registrations, at rest',
  method: '10 s; memory: the least within 20 s more',
  measure: async (bench, isQuick) => {
    const count = isQuick ? 50 : 1_000;
    const watchedMs = isQuick ? 500 : 10_000;
    const restMs = isQuick ? 500 : 20_000;
    const socket = join(bench.folder, 'bench.sock');
    const server = await bench.serve({ words: [`--socket=${socket}`] });
    const clients = Array.from({ length: count }, () =>
      connect({ servers: [socket], isSidecar: true }),
    );
    const handles = clients.map((client) => client.register({ name: 'web', port: 80 }));
    await Promise.all(handles.map(({ registered }) => registered));
    const share = await cpuShare(server.pid, watchedMs);
    const bytes = await leastWithin(restMs, () => residentBytes(server.pid));
    await Promise.all(clients.map((client) => client.close()));
    const bare = bench.floor('relay.mjs');
    const port = Number(portOf(await bare.said('listening')));
    const sockets = Array.from({ length: count }, () => connectSocket(port, '127.0.0.1'));
    await Promise.all(
      sockets.map((each) => new Promise<void>((resolve) => each.once('connect', () => resolve()))),
    );
    const bareShare = await cpuShare(bare.pid, watchedMs);
    const bareBytes = await leastWithin(restMs, () => residentBytes(bare.pid));
    for (const each of sockets) each.destroy();
    const held = `${count.toLocaleString('en')} held`;
    return [
      {
        what: `${held}: memory`,
        unit: 'MB',
        value: bytes / 1e6,
        floor: bareBytes / 1e6,
        must: '≤ 65',
      },
      { what: `${held}: processor`, unit: '%', value: share, floor: bareShare, must: '≤ 0.5' },
    ];
  },
};
