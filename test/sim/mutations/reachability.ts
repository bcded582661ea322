// Rules of links and of reachability, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    "a leaf's two masters are on two hosts",
    links.twoMasters,
    ['policy', 'chosen.every((other) => other.log.facts.host !== origin.log.facts.host)', 'true'],
  ],
  [
    'a leaf keeps links to two masters',
    links.twoMasters,
    ['policy', 'const LEAF_MASTERS = 2', 'const LEAF_MASTERS = 1'],
  ],
  [
    "its own cluster's first",
    links.ownCluster,
    ['policy', 'Number(other.isNear) - Number(one.isNear) || ', ''],
  ],
  [
    'spread by names, so that a restart moves nobody',
    links.ownCluster,
    ['policy', '${origin.log.facts.name}`),', '${origin.id}`),'],
  ],
  [
    'links that are needed no longer go',
    links.twoMasters,
    [
      'links',
      'for (const link of unneededLinks(state)) {',
      'for (const link of unneededLinks(state).slice(0, 0)) {',
    ],
  ],
  [
    'masters link to all masters',
    links.twoMasters,
    ['policy', "if (options.facts.role === 'master') addMasters(state, wanted);\n  else if", 'if'],
    [
      'policy',
      "if (state.options.facts.role === 'master' || !hasEnoughMasters(state)) return [];",
      'if (!hasEnoughMasters(state)) return [];',
    ],
  ],
  [
    'a server links to its sibling',
    split.loneHost,
    [
      'policy',
      `  addAll(wanted, options.siblings);
`,
      '',
    ],
  ],
  [
    'addresses of masters are kept apart from the logs',
    split.decommissioned,
    [
      'policy',
      `    addAll(wanted, worthTrying(state));
`,
      '',
    ],
  ],
  [
    "of two diallers the lower origin id's is kept",
    links.bothDial,
    ['links', 'return oldDialler === dialler || dialler < oldDialler;', 'return true;'],
  ],
  [
    'a server that dials itself forgets that address',
    links.self,
    [
      'links',
      `if (target !== undefined) target.isSelf = true;
    state.out.notice('own`,
      "state.out.notice('own",
    ],
  ],
  [
    'back-off is reset by news of that server',
    split.backOff,
    ['server', 'if (origin !== undefined) hasten(', 'if (origin === undefined) hasten('],
  ],
  ['back-off grows', links.nobodyThere, ['backoff', '* 2 ** this.#attempts', '']],
  [
    "another environment's address is not tried again",
    life.environments,
    [
      'links',
      `if (target !== undefined) target.isRefused = true;
  const address`,
      'const address',
    ],
  ],
  [
    'another environment is refused',
    life.environments,
    [
      'links',
      'if (welcome.environment !== options.environment) {',
      "if (welcome.environment === '') {",
    ],
    ['dispatch', 'if (environment !== state.options.environment) {', "if (environment === '') {"],
  ],
  [
    'a link counts if both ends claim it',
    split.oneWay,
    ['topology', '&& other.log.links.has(origin.id)', ''],
  ],
  [
    'several hosts at once are a net-split',
    split.healing,
    [
      'reachability',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'state.nowMs < 0',
    ],
  ],
  [
    'one host vanishing is a crash',
    split.crash,
    [
      'reachability',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'state.nowMs > 0',
    ],
  ],
  [
    'whose host still answers has crashed',
    split.loneHost,
    [
      'reachability',
      'hasSurelyEnded(state, origin) || hasReachableServer(state, origin.log.facts.host)',
      'hasSurelyEnded(state, origin)',
    ],
  ],
  [
    'whose links were all closed has crashed',
    split.twoHostsKill,
    [
      'reachability',
      'hasSurelyEnded(state, origin) || hasReachableServer(state, origin.log.facts.host)',
      'hasReachableServer(state, origin.log.facts.host)',
    ],
  ],
  [
    'who closes a socket for silence says so first',
    split.oneWay,
    ['links', "connection.wasSilent ? 'silent' : 'closed'", "'closed'"],
  ],
  [
    'who can reach no other host calls it a split',
    split.twoHosts,
    [
      'reachability',
      'isOneOfSeveral(state, origin) || !reachesOtherHost(state)',
      'isOneOfSeveral(state, origin)',
    ],
  ],
  [
    'there is a grace',
    split.blinkChain,
    [
      'reachability',
      'const dueMs = state.nowMs + graces * state.options.graceMs;',
      'const dueMs = state.nowMs + 0 * graces;',
    ],
  ],
  [
    'a loss that nobody reports gets a longer grace',
    split.blinkChain,
    ['reachability', 'const QUIET_GRACES = 4', 'const QUIET_GRACES = 1'],
  ],
  [
    'a suspect origin is still live',
    split.blinkChain,
    ['catalogue', "suspect: 'suspect'", 'suspect: null'],
  ],
  [
    'a view with suspect origins is not complete',
    split.crash,
    ['replication', "if (standing !== 'aside') hosts", "if (standing === 'split') hosts"],
  ],
  [
    'a view with split origins is not complete',
    split.twoHosts,
    ['replication', "if (standing !== 'aside') hosts", "if (standing === 'suspect') hosts"],
  ],
  [
    'a crashed origin is kept aside',
    split.rollingCut,
    ['reachability', 'const ASIDE_MS = 5_000', 'const ASIDE_MS = 0'],
  ],
  [
    'if another host falls silent meanwhile, both are split',
    split.rollingCut,
    [
      'reachability',
      `    if (isTogether) becomeSplit(state, other, tidings);
`,
      '',
    ],
  ],
  [
    'of a life before the last one nothing is frozen',
    split.powerAgain,
    ['reachability', 'wasClosed(origin) || isOutlived(state, origin)', 'wasClosed(origin)'],
  ],
  [
    'the hosts already declared crashed count',
    split.twoCrashes,
    [
      'reachability',
      'if (state.away.has(other) && isNear',
      "if (other.standing !== 'aside' && state.away.has(other) && isNear",
    ],
  ],
  [
    'a crashed origin is gone from all answers',
    split.crash,
    ['catalogue', 'aside: null', "aside: 'stale'"],
  ],
  [
    'hosts that fell silent within 5 s belong together',
    split.rollingCut,
    ['reachability', 'const TOGETHER_MS = 5_000', 'const TOGETHER_MS = 100'],
  ],
  [
    'a frozen origin is dropped when the hold ends',
    split.longSplit,
    [
      'reachability',
      `    forgetOrigin(state, origin, 'the hold has ended');
`,
      '',
    ],
  ],
  [
    'a frozen origin is dropped when its host is back without it',
    split.backWithout,
    [
      'reachability',
      `    forgetOrigin(state, origin, 'its host is back without it');
`,
      '',
    ],
  ],
  [
    'the question is asked again of those still split',
    split.deadAfterHeal,
    [
      'reachability',
      `  if (hosts.size !== 1 || !reachesOtherHost(state)) return;
`,
      `  if (hosts.size !== 99) return;
`,
    ],
  ],
  [
    '`peers --forget` reaches every server',
    split.rack,
    [
      'dispatch',
      `  sendToAll(state, message, from);
`,
      '',
    ],
  ],
  [
    'whoever can be reached again is live',
    split.healing,
    [
      'reachability',
      `setStanding(state, origin, 'reachable');
  tidings.reached`,
      `if (before !== 'split') setStanding(state, origin, 'reachable');
  tidings.reached`,
    ],
  ],
  [
    'whoever can be reached again is offered to every neighbour',
    split.healingChain,
    [
      'reachability',
      `  tidings.reached.add(origin.id);
`,
      '',
    ],
  ],
  [
    'each end says something every 400 ms',
    split.crash,
    ['connections', "if (isDue) state.out.send(connection.id, { kind: 'ping' });", ''],
  ],
  [
    "of a sidecar's socket the kernel alone judges",
    life.hang,
    ['sessions', "if (connection.door === 'tcp') judgeSession", 'judgeSession'],
  ],
  [
    'who slept does nothing about it',
    life.sleep,
    [
      'sleep',
      `  if (lateMs <= LATE_MS) return;
`,
      `  if (lateMs > 0) return;
`,
    ],
  ],
];
