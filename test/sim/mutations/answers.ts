// Rules of what clients are told, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as answers from '../stories/answers.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as news from '../stories/news.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'a registration lives as long as its session',
    life.comeAndGo,
    [
      'sessions',
      "for (const instance of session.registrations) removeInstance(state, instance, 'closed');",
      '',
    ],
  ],
  [
    'a deregistration is taken in',
    life.comeAndGo,
    [
      'sessions',
      `    removeInstance(state, message.instance, message.cause);
`,
      '',
    ],
  ],
  [
    'who comes back on a new connection takes its instances along',
    links.takeOver,
    [
      'sessions',
      'if (owner !== undefined) state.sessions.get(owner)?.registrations.delete(instance);',
      '',
    ],
  ],
  [
    'complete means synced',
    life.coldStart,
    ['view', 'state.isSynced && missing.length === 0 && !lacksLog(state)', 'missing.length === 0'],
  ],
  [
    'synced means that all that was listed has arrived',
    life.bootHost,
    [
      'view',
      'if (link.isNeighbourComplete && hasTakenDigest(link)) return true;',
      'if (link.isNeighbourComplete) return true;',
    ],
  ],
  [
    'synced through a neighbour that was complete itself',
    life.bootHost,
    [
      'view',
      'if (link.isNeighbourComplete && hasTakenDigest(link)) return true;',
      'if (hasTakenDigest(link)) return true;',
    ],
  ],
  [
    'no neighbour misses a host',
    life.freshInSplit,
    [
      'view',
      'for (const host of state.missedBy.keys()) if',
      'for (const host of [...state.missedBy.keys()].slice(99)) if',
    ],
  ],
  [
    'what is gone meanwhile is told',
    life.watchMeanwhile,
    ['watcher', "for (const id of untold) this.#forget(id, 'closed');", ''],
    [
      'answers',
      `    state.out.send(to, { kind: 'change', request, ...removal });
`,
      '',
    ],
  ],
  [
    'the mark comes once',
    life.watchRestart,
    [
      'watcher',
      "if (!this.#wasSynced) this.report({ kind: 'synced' });",
      "this.report({ kind: 'synced' });",
    ],
  ],
  [
    'the higher revision wins',
    news.revisions,
    ['holdings', 'latest.revision < holding.registration.revision', 'latest.revision < 0'],
  ],
  [
    'who is beyond doubt answers for who is suspect',
    news.revisions,
    ['catalogue', 'RANK[state] >= RANK[best.state]', 'RANK[state] <= RANK[best.state]'],
  ],
  [
    'an answer follows every change of standing',
    split.crash,
    [
      'catalogue',
      'return before?.origin !== after?.origin || before?.state !== after?.state;',
      'return before?.origin !== after?.origin;',
    ],
  ],
  [
    'a live answer beats a stale one',
    answers.liveFirst,
    [
      'catalogue',
      'const RANK: Readonly<Record<InstanceState, number>> = { live: 0, suspect: 1, stale: 2 };',
      'const RANK: Readonly<Record<InstanceState, number>> = { live: 0, suspect: 1, stale: -1 };',
    ],
  ],
  [
    'no reachable log names one that is missing',
    answers.namedOnly,
    ['view', ' && !lacksLog(state)', ''],
  ],
  [
    'a cold start tries all known addresses',
    answers.loneStart,
    [
      'view',
      `  if (!targets.every((target) => target.wasTried || target.isRefused)) return false;
`,
      '',
    ],
  ],
  [
    'who has nobody to ask is complete at once',
    answers.loneStart,
    [
      'view',
      `  if (state.options.peers.length === 0 && links.length === 0) return true;
`,
      '',
    ],
  ],
  [
    'a cold start is over after one exchange with another host',
    answers.aloneWithPeers,
    ['view', 'if (!hasExchanged || links.some', 'if (links.some'],
  ],
  [
    'what the present server told of is not in doubt',
    life.watchRestart,
    [
      'watcher',
      `      this.#told.add(instance.registration.instance);
`,
      '',
    ],
  ],
  [
    'what another server told of is in doubt',
    life.watchMeanwhile,
    [
      'watcher',
      `    this.#told.clear();
`,
      '',
    ],
    ['watcher', "for (const id of untold) this.#forget(id, 'closed');", ''],
    [
      'answers',
      `    state.out.send(to, { kind: 'change', request, ...removal });
`,
      '',
    ],
  ],
  [
    'what a restarted server does not know yet gets a while',
    answers.loneRestart,
    ['watcher', 'this.nowMs < this.#openedMs + DOUBT_MS', 'this.nowMs < 0'],
  ],
  [
    'only a complete view says that something is gone',
    answers.watchedCutOff,
    ['watcher', 'if (untold.length > 0 && !this.#view.complete) {', 'if (untold.length < 0) {'],
  ],
  [
    'what nobody vouches for is stale',
    answers.watchedCutOff,
    [
      'watcher',
      "if (!isVouchedFor) this.#learn({ ...instance, state: 'stale' });",
      'if (isVouchedFor) return;',
    ],
  ],
  [
    'a server that lags takes nothing back',
    answers.watchedLag,
    [
      'watcher',
      'if (instance.registration.revision >= before.registration.revision) return instance;',
      'if (before.registration.revision > 0) return instance;',
    ],
  ],
  [
    'a silent server is lost to its clients',
    answers.watchedSilent,
    [
      'client/liveness',
      'if (this.#nowMs - contact.heardMs >= PATIENCE_MS) {',
      'if (this.#nowMs < 0) {',
    ],
  ],
  [
    'a service puts itself back on every new session',
    life.rollingRestart,
    [
      'client',
      `      this.#registry.sendAll(contact);
`,
      '',
    ],
  ],
];
