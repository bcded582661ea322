// Understanding: servers of one version understand each other, what they hold at the same sequence is
// the same, and nothing is thrown. Replication, or the bulkhead, would mend each of these by itself in
// time, so nobody else sees it.

import type { Checker } from './checker.ts';

/** No server finds fault with another one's messages or logs. */
export const understanding: Checker = {
  name: 'servers understand each other, and differ in nothing',
  check: (world) =>
    world.servers.flatMap(({ name, notices }) =>
      notices
        .filter(({ notice }) => FAULTS.has(notice.name))
        .map(({ nowMs, notice }) => {
          const fields = Object.values(notice.fields).join(' ');
          return `${name} at ${(nowMs / 1_000).toFixed(3)} s: ${notice.name} ${fields}`;
        }),
    ),
};

const FAULTS: ReadonlySet<string> = new Set(['state-differs', 'protocol-breach', 'fault']);
