// Rules of servers that slept or were starved, taken away one at a time; where two rules cover for
// each other, both at once.

import type { Mutation } from './mutations.ts';
import * as answers from '../stories/answers.ts';
import * as life from '../stories/life.ts';
import * as sleep from '../stories/sleep.ts';
import * as timings from '../stories/timings.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R75] who slept takes everyone for suspect and unproven',
    sleep.waking,
    ['sleep#handleLateness', 'becomeSuspect(state, origin, tidings);', ''],
  ],
  [
    '[R109] who slept finds it, however slow its links are',
    timings.slowBeats,
    ['sleep#armPulse', 'state.options.heartbeatMs', '60_000'],
  ],
  [
    '[R80] what a sleeper knows is answered as stale until it is reached again',
    answers.watchedSilent,
    ['sleep#handleLateness', 'becomePast(state, origin);', ''],
  ],
  [
    '[R76] what lay in the links of a sleeper is the past',
    sleep.waking,
    [
      'sleep#handleWhileWaking',
      `if (connection.phase === 'link') return true;`,
      `if (connection.phase === 'link') return false;`,
    ],
  ],
  [
    '[R73] who slept first takes in what its clients did',
    sleep.askedAsleep,
    ['sleep#handleWhileWaking', '!QUESTIONS.has(message.kind)', 'message.kind.length > 0'],
  ],
  [
    '[R74] who slept closes all its links',
    sleep.lidClosed,
    ['sleep#wake', '[...state.links.values()]', '[...state.links.values()].slice(99)'],
  ],
  [
    '[R74] who slept dials at once',
    sleep.wakesAndDials,
    ['sleep#wake', 'hasten(state, [...state.linking.targets.keys()]);', ''],
  ],
  [
    '[R74] a handshake of before the sleep is not taken up',
    sleep.asleepInHandshake,
    [
      'sleep#handleWhileWaking',
      `refuse(state, connection, { error: 'handshake-timeout', reason: SLEPT });
return true;`,
      'return false;',
    ],
  ],
  [
    '[R72] who was starved waits for others by so much longer',
    life.starvedLong,
    ['sleep#giveTime', 'connection.heardMs += lateMs', 'connection.heardMs += 0 * lateMs'],
  ],
  [
    '[R72] who was starved gives graces by so much longer',
    life.starvedInDoubt,
    ['sleep#giveTime', 'state.timers.delay(`grace ${origin.id}`, lateMs);', ''],
  ],
  [
    '[R75] all graces start anew after a sleep, or are put off by it',
    life.starvedInDoubt,
    [
      'sleep#handleLateness',
      `origin.standing === 'reachable' || origin.standing === 'suspect'`,
      `origin.standing === 'reachable'`,
    ],
    ['sleep#giveTime', 'state.timers.delay(`grace ${origin.id}`, lateMs);', ''],
  ],
];
