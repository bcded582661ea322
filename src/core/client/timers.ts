// Every timer of a client, a watch and a question: its name, its owner, and what happens when it is
// due. One invariant: a timer that is not here can neither be set nor cancelled.

import type { TimerName, Timers, TimerTable } from '../kit/timers.ts';

/** The timers. A timer of an owner has the owner's id behind its name. */
export const TIMERS = {
  handshake: { owner: 'contact', due: 'a server that has not said welcome is given up' },
  redial: { owner: 'contact', due: 'an address is dialled again' },
  leave: {
    owner: 'instance',
    due: 'an instance that is given up no longer waits for an acknowledgement',
  },
  liveness: { owner: 'core', due: 'a sign of life is sent, or a silent server is lost' },
  ports: { owner: 'core', due: 'the ports are dialled beside the sockets' },
  round: { owner: 'core', due: 'all addresses are dialled again' },
  timeout: { owner: 'core', due: 'a question is given up' },
  again: { owner: 'core', due: 'a question is put again' },
  patience: { owner: 'core', due: 'the next server is asked or tried as well' },
  hunt: { owner: 'core', due: 'a watch looks for a server again' },
  absent: { owner: 'core', due: 'instances that a new server does not tell of are gone' },
  doubt: { owner: 'core', due: 'the instances of a watch are in doubt' },
} as const satisfies TimerTable;

/** The timers of a client. */
export type ClientTimers = Timers<TimerName<typeof TIMERS>>;
