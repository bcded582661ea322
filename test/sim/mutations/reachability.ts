// Rules of links and of reachability, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as alone from '../stories/alone.ts';
import * as heal from '../stories/heal.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as lives from '../stories/lives.ts';
import * as split from '../stories/split.ts';
import * as timings from '../stories/timings.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    "[R33] a leaf's two masters are on two hosts",
    links.twoMasters,
    [
      'policy#chosenMasters',
      'chosen.every((other) => other.log.facts.host !== origin.log.facts.host)',
      'true',
    ],
  ],
  ['[R33] a leaf keeps links to two masters', links.twoMasters, ['policy#LEAF_MASTERS', '2', '1']],
  [
    "[R34] its own cluster's first",
    links.ownCluster,
    [
      'policy#chosenMasters',
      'Number(other.isNear) - Number(one.isNear) || other.score - one.score',
      'other.score - one.score',
    ],
  ],
  [
    '[R35] spread by names, so that a restart moves nobody',
    links.ownCluster,
    ['policy#chosenMasters', 'origin.log.facts.name', 'origin.id'],
  ],
  [
    '[R36] links that are needed no longer go',
    links.twoMasters,
    ['links#dropUnneeded', 'unneededLinks(state)', 'unneededLinks(state).slice(0, 0)'],
  ],
  [
    '[R38] masters link to all masters',
    links.twoMasters,
    [
      'policy#wantedAddresses',
      `if (options.facts.role === 'master') addMasters(state, wanted);
else if (!isListening(state)) addChosen(state, wanted);`,
      'if (!isListening(state)) addChosen(state, wanted);',
    ],
    [
      'policy#unneededLinks',
      `state.options.facts.role === 'master' || !hasEnoughMasters(state)`,
      '!hasEnoughMasters(state)',
    ],
  ],
  [
    '[R39] a server links to its sibling',
    split.loneHost,
    ['policy#wantedAddresses', 'addAll(wanted, state.addresses.siblings);', ''],
  ],
  [
    '[R41] addresses of masters are kept apart from the logs',
    split.decommissioned,
    ['policy#addChosen', 'addAll(wanted, worthTrying(state));', ''],
    ['policy#wantedAddresses', 'addAll(wanted, sought);', ''],
  ],
  [
    "[R43] of two diallers the lower origin id's is kept",
    links.bothDial,
    ['links#isToBeKept', 'oldDialler === dialler || dialler < oldDialler', 'true'],
  ],
  [
    '[R44] a server that dials itself forgets that address',
    links.self,
    ['links#handleWelcome', 'if (target !== undefined) target.isSelf = true;', ''],
  ],
  [
    '[R49] back-off is reset by news of that server',
    split.backOff,
    ['settle#passNews', 'origin !== undefined', 'origin === undefined'],
  ],
  [
    '[R46] back-off grows',
    links.nobodyThere,
    ['backoff#Backoff.nextDelayMs', 'this.#baseMs * 2 ** this.#attempts', 'this.#baseMs'],
  ],
  [
    "[R45] another environment's address is not tried again",
    life.environments,
    ['targets#refuseTarget', 'target.refusal = refusal;', ''],
  ],
  [
    '[R45] another environment is refused',
    life.environments,
    [
      'links#handleWelcome',
      'welcome.environment !== options.environment',
      `welcome.environment === ''`,
    ],
    ['dispatch#handleHello', 'environment !== state.options.environment', `environment === ''`],
  ],
  [
    '[R51] a link counts if both ends claim it',
    split.oneWay,
    [
      'topology#neighbours',
      'other?.isProven === true && other.log.links.has(origin.id)',
      'other?.isProven === true',
    ],
  ],
  [
    '[R63] several hosts at once are a net-split',
    split.healing,
    [
      'reachability#judge',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'state.nowMs < 0',
    ],
  ],
  [
    '[R60] one host vanishing is a crash',
    split.crash,
    [
      'reachability#judge',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'state.nowMs > 0',
    ],
  ],
  [
    '[R60] whose host still answers has crashed',
    split.loneHost,
    [
      'reachability#judge',
      'hasSurelyEnded(state, origin) || hasReachableServer(state, origin.log.facts.host)',
      'hasSurelyEnded(state, origin)',
    ],
  ],
  [
    '[R52] whose links were all closed has crashed',
    split.twoHostsKill,
    [
      'reachability#judge',
      'hasSurelyEnded(state, origin) || hasReachableServer(state, origin.log.facts.host)',
      'hasReachableServer(state, origin.log.facts.host)',
    ],
  ],
  [
    '[R53] who closes a socket for silence says so first',
    split.oneWay,
    ['links#handleLinkClosed', `connection.wasSilent ? 'silent' : 'closed'`, `'closed'`],
  ],
  [
    '[R63] who can reach no other host calls it a split',
    split.twoHosts,
    [
      'reachability#judge',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'isOneOfSeveral(state, origin)',
    ],
  ],
  [
    '[R55] there is a grace',
    split.blinkChain,
    ['reachability#becomeSuspect', 'graces * state.options.graceMs', '0 * graces'],
  ],
  [
    '[R56] a loss that nobody reports gets a longer grace',
    split.blinkChain,
    ['reachability#QUIET_GRACES', '4', '1'],
  ],
  [
    '[R120] who is lost in the same step reports no loss',
    heal.lateToMasters,
    ['reachability#noteReports', '!hasWay(by, state.self)', `by.standing !== 'reachable'`],
  ],
  [
    '[R55] a suspect origin is still live',
    split.blinkChain,
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
  suspect: null,
  crashed: null,
  split: 'stale',
}`,
    ],
  ],
  [
    '[R64] a view with suspect origins is not complete',
    split.crash,
    ['missing#ownMissing', `standing !== 'crashed'`, `standing === 'split'`],
  ],
  [
    '[R64] a view with split origins is not complete',
    split.twoHosts,
    ['missing#ownMissing', `standing !== 'crashed'`, `standing === 'suspect'`],
    ['missing#splitOrigins', `standing === 'split'`, `standing === 'new'`],
  ],
  [
    '[R61] a crashed origin is kept',
    split.rollingCut,
    ['reachability#armCrashed', 'state.nowMs + togetherMs(state)', 'state.nowMs'],
  ],
  [
    '[R62] if another host falls silent meanwhile, both are split',
    split.rollingCut,
    ['reachability#splitCrashed', 'if (isTogether) becomeSplit(state, other, tidings);', ''],
  ],
  [
    '[R62] of a life before the last one nothing is frozen',
    split.powerAgain,
    [
      'reachability#hasSurelyEnded',
      'wasClosed(state, origin) || origin.isOutlived',
      'wasClosed(state, origin)',
    ],
  ],
  [
    '[R121] nor if the last one is gone as well',
    lives.powerThenStop,
    [
      'reachability#hasSurelyEnded',
      'origin.isOutlived',
      `[...state.reach.directory.ofHost(origin.log.facts.host)].some(
  (other) => other.standing !== 'new' && other.sinceMs > origin.sinceMs,
)`,
    ],
  ],
  [
    '[R121] a life that began before the loss of the one before it was noticed outlives that too',
    lives.blinkThenStop,
    ['lives#noteLost', `if (standing === 'reachable') origin.isOutlived = true;`, ''],
  ],
  [
    '[R58] the hosts already declared crashed count',
    split.twoCrashes,
    [
      'reachability#fellSilentWith',
      'state.reach.away',
      `other.standing !== 'crashed' && state.reach.away`,
    ],
  ],
  [
    '[R61] a crashed origin is gone from all answers',
    split.crash,
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
  crashed: 'stale',
  split: 'stale',
}`,
    ],
  ],
  [
    '[R58] hosts that fell silent within 5 s belong together',
    split.rollingCut,
    ['reachability#TOGETHER_MS', '5_000', '100'],
  ],
  [
    '[R101] with a longer silence anywhere they are longer by as much',
    timings.slowCut,
    ['reachability#togetherMs', 'directory.longestSilenceMs', 'LINK_SILENCE_MS'],
  ],
  [
    '[R65] a frozen origin is dropped when the hold ends',
    split.longSplit,
    ['reachability#armHold', `forgetOrigin(state, origin, 'the split hold has ended');`, ''],
  ],
  [
    '[R65] a frozen origin is dropped when its host is back without it',
    split.backWithout,
    ['reachability#dropSplitOf', `forgetOrigin(state, origin, 'its host is back without it');`, ''],
  ],
  [
    '[R66] the question is asked again of those still split',
    split.deadAfterHeal,
    ['reachability#askAgain', 'hosts.size !== 1 || !reachesOtherHost(state)', 'hosts.size !== 99'],
  ],
  [
    '[R99] who falls silent when those of a split are back is lost alone',
    alone.lostAfterHeal,
    ['reachability#isRestOfSplit', 'origin.sinceMs < other.returnedMs', 'true'],
  ],
  [
    '[R114] who is back before its verdict counts with those still silent',
    heal.healedSoonByLeaf,
    [
      'reachability#becomeReachable',
      `before === 'split' || wasCutOff(state, origin)`,
      `before === 'split'`,
    ],
  ],
  [
    '[R65] `peers --forget` reaches every server',
    split.rack,
    ['dispatch#handleForget', 'sendToAll(state, message, from);', ''],
  ],
  [
    '[R57] an origin that can be reached again is live',
    split.healing,
    [
      'reachability#becomeReachable',
      `moveOn(state, origin, 'reached')`,
      `if (before !== 'split') moveOn(state, origin, 'reached')`,
    ],
  ],
  [
    '[R14] an origin that can be reached again is offered to every neighbour',
    split.backOff,
    ['reachability#becomeReachable', 'tidings.reached.add(origin.id);', ''],
  ],
  [
    '[R68] each end says something every 400 ms',
    split.blinkChain,
    ['connections#armBeat', `else if (isDue) state.out.send(connection.id, { kind: 'ping' });`, ''],
  ],
  [
    "[R71] of a sidecar's socket the kernel alone judges",
    life.hang,
    [
      'sessions#becomeSession',
      `if (connection.transport === 'tcp') judgeSession(state, connection);`,
      'judgeSession(state, connection);',
    ],
  ],
  [
    '[R72] who slept does nothing about it',
    life.sleep,
    ['sleep#handleLateness', 'lateMs <= LATE_MS', 'lateMs > 0'],
  ],
];
