// Budgets: the bytes that a server counts for its sessions and its logs are the true ones. Only
// then does a limit on the sum bound the memory.

import * as records from '../../../src/protocol/records.ts';
import type { Session } from '../../../src/core/server/entities.ts';
import type { Checker } from './checker.ts';

/** Each account is the sum of its contents. */
export const exactBudgets: Checker = {
  name: 'what is charged to a budget is what is held',
  check: (world) => {
    return world.running().flatMap(({ name, core: { state } }) => {
      const sums: [string, number, number][] = [];
      let held = 0;
      for (const session of state.sessions.values()) {
        const bytes = heldBy(session);
        held += bytes;
        sums.push(['a session', session.held.bytes, bytes]);
      }
      sums.push(['all sessions', state.clients.held.bytes, held]);
      const others = [...state.origins.values()].filter((origin) => origin !== state.self);
      const ofLogs = others.reduce((sum, { log }) => sum + log.bytes, 0);
      sums.push(['the logs of others', state.reach.heldByLogs.bytes, ofLogs]);
      for (const session of state.sessions.values()) {
        for (const [instance, record] of session.registrations) {
          const isSame = state.self.log.registrations.get(instance) === record;
          sums.push([`the record of ${instance}`, Number(isSame), 1]);
        }
      }
      return sums
        .filter(([, charged, bytes]) => charged !== bytes)
        .map(
          ([what, charged, bytes]) => `${name}: ${what}: ${String(charged)}, not ${String(bytes)}`,
        );
    });
  },
};

function heldBy({ registrations, watches }: Session): number {
  let bytes = 0;
  for (const record of registrations.values()) bytes += records.registration.bytes(record);
  for (const watch of watches.values()) bytes += watch.bytes;
  return bytes;
}
