// Rules of who links to whom, of doubt and of sleep, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as news from '../stories/news.ts';
import * as seeking from '../stories/seeking.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R37] masters are learnt of from the catalogue',
    links.twoMasters,
    [
      'policy#addChosen',
      'for (const origin of chosen) addAll(wanted, origin.log.facts.addresses);',
      '',
    ],
  ],
  [
    '[R40] a server that knows no master links to the peers that it was given',
    life.bootHost,
    [
      'policy#addChosen',
      `addAll(wanted, state.options.peers);
addAll(wanted, worthTrying(state));`,
      'addAll(wanted, worthTrying(state));',
    ],
  ],
  [
    '[R36] the new link comes before the old one goes',
    links.twoMasters,
    ['policy#unneededLinks', 'held.length < LEAF_MASTERS', 'held.length > 99'],
  ],
  [
    '[R42] a newer connection by the same dialler replaces the older',
    news.dialledAnew,
    ['links#isToBeKept', 'oldDialler === dialler || dialler < oldDialler', 'dialler < oldDialler'],
  ],
  [
    '[R46] back-off has jitter',
    links.nobodyThere,
    ['backoff#Backoff.nextDelayMs', 'this.#random() * ceilingMs', 'ceilingMs'],
  ],
  [
    '[R47] back-off is 30 s at most while nobody is reached',
    links.lonelyWait,
    [
      'targets#capMs',
      'isCutOff(state) ? BACKOFF_CAP_ISOLATED_MS : BACKOFF_CAP_MS',
      'BACKOFF_CAP_MS',
    ],
  ],
  [
    '[R86] who is cut off dials whom it has lost',
    seeking.replacedByAddress,
    ['policy#wantedAddresses', 'addAll(wanted, sought);', ''],
  ],
  [
    '[R86] addresses of lost servers are kept apart from the logs',
    seeking.replacedByAddress,
    ['origins#moveOn', 'noteWays(state, origin);', ''],
  ],
  [
    '[R123] who has found a way back looks for nobody else at once',
    seeking.leafFound,
    ['settle#passNews', 'noteFound(state);', ''],
  ],
  [
    '[R125] who has found a way back keeps the addresses of those to whom it does not lead',
    seeking.falseMaster,
    [
      'settle#settleTargets',
      'if (!noteLost(state)) forgetHearsay(state);',
      'if (!noteLost(state)) state.addresses.lost.clear();',
    ],
  ],
  [
    '[R84] a link keeps to the slower timings of its two ends',
    links.slowHost,
    [
      'connections#enterPhase',
      'connection.pace = agreedPace(agreedPace(ownPace(state), said), least);',
      'connection.pace = agreedPace(ownPace(state), least);',
    ],
  ],
  [
    '[R70] silence is a loss',
    split.crash,
    [
      'connections#armSilence',
      `state.timers.set(\`silence \${String(connection.id)}\`, connection.heardMs + silenceMs, () => {
  if (connection.isPaused) connection.heardMs = state.nowMs;
  if (state.nowMs >= connection.heardMs + silenceMs) becomeSilent(connection);
  else armSilence(state, connection, becomeSilent);
})`,
      `state.timers.set(\`silence \${String(connection.id)}\`, connection.heardMs + 1e9, () => {
  if (connection.isPaused) connection.heardMs = state.nowMs;
  if (state.nowMs >= connection.heardMs + silenceMs) becomeSilent(connection);
  else armSilence(state, connection, becomeSilent);
})`,
    ],
  ],
  [
    '[R71] a hung process that embeds the library is no service',
    life.hang,
    [
      'sessions#becomeSession',
      `if (connection.transport === 'tcp') judgeSession(state, connection);`,
      '',
    ],
    [
      'dispatch#dispatchSign',
      `if (connection.phase === 'session') judgeSession(state, connection);`,
      '',
    ],
  ],
  [
    '[R56] a loss that is reported gets a short grace',
    split.crash,
    ['reachability#becomeSuspect', 'noteReports(state, origin) ? 1 : QUIET_GRACES', 'QUIET_GRACES'],
    [
      'reachability#handleUnreachable',
      'timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings))',
      'timers.setEarlier(`grace ${origin.id}`, dueMs + 1_500, judge(state, origin, tidings))',
    ],
  ],
  [
    '[R56] a loss that is reported later shortens the grace',
    split.crash,
    [
      'reachability#handleUnreachable',
      'if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));',
      'if (isReported && dueMs < 0) judge(state, origin, tidings)();',
    ],
    ['reachability#becomeSuspect', 'noteReports(state, origin) ? 1 : QUIET_GRACES', 'QUIET_GRACES'],
  ],
  [
    '[R57] a server that is back within the grace was never away',
    split.blinkChain,
    [
      'reachability#becomeReachable',
      `for (const name of ['grace', 'crashed', 'hold'] as const) state.timers.cancel(\`\${name} \${origin.id}\`);`,
      '',
    ],
  ],
  [
    '[R59] a host of which a server can be reached is not silent',
    news.oneAndAHost,
    ['reachability#fellSilentWith', 'if (hasReachableServer(state, host)) return false;', ''],
  ],
  [
    '[R61] a crashed origin is forgotten in the end',
    split.crash,
    ['reachability#armCrashed', `dropOrigin(state, origin, { ending: 'forgotten' });`, ''],
  ],
  [
    '[R63] a split freezes',
    split.healing,
    [
      'catalogue#STATE_OF_STANDING',
      `{
  new: null,
  reachable: 'live',
  suspect: 'suspect',
  crashed: null,
  split: 'stale',
}`,
      `{
  new: null,
  reachable: 'live',
  suspect: 'suspect',
  crashed: null,
  split: null,
}`,
    ],
  ],
  [
    '[R72] a server that slept notices',
    life.sleep,
    ['sleep#handleLateness', 'lateMs <= state.options.silenceMs', 'lateMs > 0'],
  ],
  [
    '[R72] who slept gives everyone the time that it lost',
    life.starvedLong,
    ['sleep#handleLateness', 'giveTime(state, lateMs);', ''],
  ],
  [
    '[R54] who links anew says what it has of those in doubt',
    split.mastersKilled,
    [
      'replication#sendDoubt',
      'neighbour === undefined || !state.reach.away.has(neighbour)',
      'neighbour !== null',
    ],
  ],
];
