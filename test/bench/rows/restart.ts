// Every server of a fleet is killed at once and started again: how long until each of them lists
// every instance? The services run on and put themselves back.

import { connect } from '../../../src/index.ts';
import { doAllSay, startFleet, startHost } from '../fleet.ts';
import { until } from '../processes.ts';
import { type Row } from '../row.ts';

export const restart: Row = {
  name: 'restart',
  title: 'The whole fleet is killed and started again',
  method: 'one restart',
  measure: async (bench, isQuick) => {
    const [hostsCount, count] = isQuick ? [2, 20] : [5, 1_000];
    const hosts = await startFleet(bench, hostsCount);
    const clients = hosts.map(({ servers }) =>
      connect({ servers: servers.map(({ address }) => address), isSidecar: true }),
    );
    const handles = Array.from({ length: count }, (_, index) =>
      clients[index % clients.length]!.register({
        name: `service-${String(index % 50)}`,
        port: 80,
      }),
    );
    await Promise.all(handles.map(({ registered }) => registered));
    await Promise.all(hosts.flatMap(({ servers }) => servers.map((each) => each.end('SIGKILL'))));
    const sinceMs = performance.now();
    const addresses = hosts.map(({ address }) => address);
    const again = await Promise.all(addresses.map((each) => startHost(bench, each, addresses)));
    const startedMs = performance.now() - sinceMs;
    const servers = again.flatMap((host) => host.servers);
    await until('every server lists every instance', () =>
      doAllSay(servers, ({ instances }) => instances.live === count),
    );
    const listedMs = performance.now() - sinceMs;
    await Promise.all(clients.map((client) => client.close()));
    const what = `${String(servers.length)} servers, ${count.toLocaleString('en')} services`;
    return [
      { what: `${what}: every server lists all`, unit: 'ms', value: listedMs, floor: startedMs },
    ];
  },
};
