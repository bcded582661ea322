// Rules of servers that slept or were starved, taken away one at a time; where two rules cover for
// each other, both at once.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as sleep from '../stories/sleep.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'who slept takes everyone for suspect and unproven',
    sleep.waking,
    ['sleep', '      becomeSuspect(state, origin, tidings);\n', ''],
  ],
  [
    'what lay in the links of a sleeper is the past',
    sleep.waking,
    [
      'sleep',
      "if (connection.phase === 'link') return true;",
      "if (connection.phase === 'link') return false;",
    ],
  ],
  [
    'who slept first takes in what its clients did',
    sleep.askedAsleep,
    [
      'sleep',
      'if (!QUESTIONS.has(message.kind)) return false;',
      'if (message.kind.length > 0) return false;',
    ],
  ],
  [
    'who slept closes all its links',
    sleep.lidClosed,
    [
      'sleep',
      'for (const link of [...state.links.values()]) {',
      'for (const link of [...state.links.values()].slice(99)) {',
    ],
  ],
  [
    'that a sleeper closed a link is no sign of a death',
    sleep.lidClosed,
    ['sleep', '    state.origins.get(link.origin)?.losses?.delete(state.self.id);\n', ''],
  ],
  [
    'who slept dials at once',
    sleep.wakesAndDials,
    ['sleep', 'hasten(state, [...state.targets.keys()]);', ''],
  ],
  [
    'a handshake of before the sleep is not taken up',
    sleep.asleepInHandshake,
    [
      'sleep',
      `  refuse(state, connection, { error: 'handshake-timeout', reason: SLEPT });
  return true;`,
      '  return false;',
    ],
  ],
  [
    'who was starved waits for others by so much longer',
    life.starvedLong,
    ['sleep', 'connection.heardMs += lateMs;', 'connection.heardMs += 0 * lateMs;'],
  ],
  [
    'who was starved gives graces by so much longer',
    life.starvedInDoubt,
    ['sleep', 'state.timers.delay(`grace ${origin.id}`, lateMs);', ''],
  ],
  [
    'all graces start anew after a sleep, or are put off by it',
    life.starvedInDoubt,
    [
      'sleep',
      "if (origin.standing === 'reachable' || origin.standing === 'suspect') {",
      "if (origin.standing === 'reachable') {",
    ],
    ['sleep', 'state.timers.delay(`grace ${origin.id}`, lateMs);', ''],
  ],
];
