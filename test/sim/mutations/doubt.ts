// Rules of who links to whom, of doubt and of sleep, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as news from '../stories/news.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'masters are learnt of from the catalogue',
    links.twoMasters,
    ['policy', 'for (const origin of chosen) addAll(wanted, origin.log.facts.addresses);', ''],
  ],
  [
    'a server that knows no master links to the peers that it was given',
    life.bootHost,
    [
      'policy',
      `    addAll(wanted, state.options.peers);
    addAll(wanted, worthTrying(state));
`,
      `    addAll(wanted, worthTrying(state));
`,
    ],
  ],
  [
    'the new link comes before the old one goes',
    links.twoMasters,
    [
      'policy',
      'if (held.length < LEAF_MASTERS || !isSettled) return [];',
      'if (held.length > 99 || !isSettled) return [];',
    ],
  ],
  [
    'a newer connection by the same dialler replaces the older',
    news.dialledAnew,
    [
      'links',
      'return oldDialler === dialler || dialler < oldDialler;',
      'return dialler < oldDialler;',
    ],
  ],
  [
    'back-off has jitter',
    links.nobodyThere,
    ['backoff', 'return this.#random() * ceilingMs;', 'return ceilingMs;'],
  ],
  [
    'back-off is 30 s at most while nobody is reached',
    links.lonelyWait,
    [
      'targets',
      'reachesOtherHost(state) ? BACKOFF_CAP_MS : BACKOFF_CAP_ISOLATED_MS',
      'BACKOFF_CAP_MS',
    ],
  ],
  [
    'silence is a loss',
    split.crash,
    ['connections', 'connection.heardMs + silenceMs, () => {', 'connection.heardMs + 1e9, () => {'],
  ],
  [
    'a hung process that embeds the library is no service',
    life.hang,
    ['sessions', "if (connection.door === 'tcp') judgeSession(state, connection);", ''],
    ['dispatch', "if (connection.phase === 'session') judgeSession(state, connection);", ''],
  ],
  [
    'a loss that is reported gets a short grace',
    split.crash,
    [
      'reachability',
      'const graces = wasReported(state, origin) ? 1 : QUIET_GRACES;',
      'const graces = QUIET_GRACES;',
    ],
    [
      'reachability',
      'if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));',
      'if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs + 1_500, judge(state, origin, tidings));',
    ],
  ],
  [
    'a loss that is reported later shortens the grace',
    split.crash,
    [
      'reachability',
      'if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));',
      'if (isReported && dueMs < 0) judge(state, origin, tidings)();',
    ],
    [
      'reachability',
      'const graces = wasReported(state, origin) ? 1 : QUIET_GRACES;',
      'const graces = QUIET_GRACES;',
    ],
  ],
  [
    'whoever is back within the grace was never away',
    split.blinkChain,
    [
      'reachability',
      "for (const name of ['grace', 'aside', 'hold']) state.timers.cancel(`${name} ${origin.id}`);",
      '',
    ],
  ],
  [
    'a host of which a server can be reached is not silent',
    news.oneAndAHost,
    [
      'reachability',
      `  if (hasReachableServer(state, host)) return false;
`,
      '',
    ],
  ],
  [
    'a crashed origin is forgotten in the end',
    split.crash,
    [
      'reachability',
      "    dropOrigin(state, origin, 'crash');\n  });\n}\n\nfunction becomeSplit",
      '  });\n}\n\nfunction becomeSplit',
    ],
  ],
  ['a split freezes', split.healing, ['catalogue', "split: 'stale'", 'split: null']],
  [
    'a server that slept notices',
    life.sleep,
    ['sleep', 'if (lateMs <= state.options.silenceMs) return;', 'if (lateMs > 0) return;'],
  ],
  [
    'who slept gives everyone the time that it lost',
    life.starvedLong,
    [
      'sleep',
      `  giveTime(state, lateMs);
`,
      '',
    ],
  ],
  [
    'why links were lost is remembered when the dead are back for a moment',
    split.mastersKilled,
    [
      'reachability',
      'if (state.nowMs - atMs > TOGETHER_MS) losses',
      'if (state.nowMs >= atMs) losses',
    ],
  ],
  [
    'who links anew says what it has of those in doubt',
    split.mastersKilled,
    [
      'replication',
      'if (neighbour === undefined || !state.away.has(neighbour)) return;',
      'if (neighbour !== null) return;',
    ],
  ],
];
