// Understanding: servers of one version understand each other, what they hold at the same sequence is
// the same, and nothing is thrown. Replication, or the bulkhead, would mend each of these by itself in
// time, so nobody else sees it.

import type { Notice } from '../../../src/core/notices.ts';
import type { Cluster } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** No server finds fault with another one's messages or logs. */
export const understanding: Checker = {
  name: 'servers understand each other, and differ in nothing',
  check: (world) =>
    world.servers.flatMap(({ name, notices }) =>
      notices
        .filter(({ notice }) => FAULTS.has(notice.name) && !isOfHostile(world, notice))
        .map(({ nowMs, notice }) => {
          const fields = Object.values(notice.fields).join(' ');
          return `${name} at ${(nowMs / 1_000).toFixed(3)} s: ${notice.name} ${fields}`;
        }),
    ),
};

const FAULTS: ReadonlySet<string> = new Set(['state-differs', 'protocol-breach', 'fault']);

/** What a hostile neighbour has sent, or has said of itself, is no fault of servers; a `fault` is. */
function isOfHostile({ hostiles }: Cluster, { name, fields }: Notice): boolean {
  if (name === 'fault') return false;
  const { address = '', server = '', peer = '' } = fields as Readonly<Record<string, string>>;
  return hostiles.length > 0 && [address, server, peer].some((text) => text.startsWith('x'));
}
