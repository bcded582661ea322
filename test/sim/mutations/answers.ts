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
    '[R81] what a net-split took from a server its log says',
    answers.lostFarAway,
    ['view#refreshView', `if (said !== null) appendOwn(state, { kind: 'missing', ...said });`, ''],
  ],
  [
    '[R81] what a log in reach misses makes a view incomplete',
    answers.lostFarAway,
    ['missing#saidMissing', `standing === 'reachable'`, `standing === 'new'`],
  ],
  [
    '[R126] a server says in its log what it has lost and others may not know',
    answers.newLifeAtFew,
    ['missing#isUnshared', 'progress.cursorAt(slot) === 0', 'progress.cursorAt(slot) < 0'],
  ],
  [
    '[R82] a cold start ends only where nobody misses anybody',
    answers.lostFarAway,
    [
      'view#isColdStartOver',
      'return isNobodyMissed(state) && hasSettled(state, links);',
      'return hasSettled(state, links);',
    ],
  ],
  [
    '[R83] where all have the same a cold start needs no more than a moment of quiet',
    answers.quickStart,
    ['view#hasSettled', 'askForAgreement(state);', ''],
  ],
  [
    'a registration lives as long as its session',
    life.comeAndGo,
    ['sessions#endSession', 'removeInstance(state, session, { instance, ...end });', ''],
  ],
  [
    'a deregistration is taken in',
    life.comeAndGo,
    ['sessions#handleDeregister', 'removeInstance(state, session, message);', ''],
  ],
  [
    'who comes back on a new connection takes its instances along',
    links.takeOver,
    [
      'sessions#handleRegister',
      'if (owner !== undefined && owner !== session) disown(state, owner, instance);',
      '',
    ],
  ],
  [
    'complete means synced',
    life.coldStart,
    ['view#whyNot', '!state.view.isSynced || lacksLog(state)', 'state.nowMs < 0'],
  ],
  [
    'synced means that all that was listed has arrived',
    life.bootHost,
    [
      'view#hasSyncedNeighbour',
      'link.isNeighbourComplete && hasTakenDigest(link)',
      'link.isNeighbourComplete',
    ],
  ],
  [
    'synced through a neighbour that was complete itself',
    life.bootHost,
    [
      'view#hasSyncedNeighbour',
      'link.isNeighbourComplete && hasTakenDigest(link)',
      'hasTakenDigest(link)',
    ],
  ],
  [
    'no neighbour misses a host, and no log in reach',
    life.freshInSplit,
    ['view#noteNeighbourView', 'countMissing(state, link.neighbourMissing, -1);', ''],
    ['view#noteNeighbourView', 'countMissing(state, view.missing, 1);', ''],
    ['view#refreshView', `if (said !== null) appendOwn(state, { kind: 'missing', ...said });`, ''],
  ],
  [
    'what is gone meanwhile is told',
    life.watchMeanwhile,
    ['watcher#Watcher.#settle', `for (const id of untold) this.#forget(id, 'unknown');`, ''],
    ['views#tellUntold', `state.out.send(to, { kind: 'change', request, ...told });`, ''],
  ],
  [
    'the mark comes once',
    life.watchRestart,
    [
      'watcher#Watcher.#becomeSynced',
      `if (!this.#wasSynced) this.report({ kind: 'synced' });`,
      `this.report({ kind: 'synced' });`,
    ],
  ],
  [
    'the higher revision wins',
    news.revisions,
    ['holdings#latestBy', 'holding.registration.revision', '0'],
  ],
  [
    'who is beyond doubt answers for who is suspect',
    news.revisions,
    [
      'catalogue#Catalogue.#choose',
      'RANK[state] >= RANK[best.state]',
      'RANK[state] <= RANK[best.state]',
    ],
  ],
  [
    'an answer follows every change of standing',
    split.crash,
    [
      'catalogue#isOtherAnswer',
      'before?.origin !== after?.origin || before?.state !== after?.state',
      'before?.origin !== after?.origin',
    ],
  ],
  [
    'a live answer beats a stale one',
    answers.liveFirst,
    [
      'catalogue#RANK',
      '{ live: 0, suspect: 1, stale: 2, unknown: 3 }',
      '{ live: 0, suspect: 1, stale: -1, unknown: 3 }',
    ],
  ],
  [
    'no reachable log names one that is missing',
    answers.namedOnly,
    ['view#whyNot', '!state.view.isSynced || lacksLog(state)', '!state.view.isSynced'],
  ],
  [
    '[R107] no reachable log names one that crashed',
    answers.namedCrashed,
    ['named#isHeard', `origin.standing !== 'crashed'`, 'origin.slot >= 0'],
  ],
  [
    'a cold start tries all known addresses',
    answers.loneStart,
    [
      'view#isColdStartOver',
      'if (!targets.every((target) => target.wasTried || target.refusal !== null)) return false;',
      '',
    ],
  ],
  [
    'who has nobody to ask is complete at once',
    answers.loneStart,
    ['view#isColdStartOver', 'if (isAlone && links.length === 0) return true;', ''],
  ],
  [
    'a cold start is over after one exchange with another host',
    answers.aloneWithPeers,
    [
      'view#isColdStartOver',
      '!hasExchanged || links.some((link) => !hasTakenDigest(link))',
      'links.some((link) => !hasTakenDigest(link))',
    ],
  ],
  [
    'what the present server told of is not in doubt',
    life.watchRestart,
    ['watcher#Watcher.#handleChange', 'this.#told.add(instance.registration.instance);', ''],
  ],
  [
    'what another server told of is in doubt',
    life.watchMeanwhile,
    ['watcher#Watcher.handleOpen', 'this.#told.clear();', ''],
    ['watcher#Watcher.#settle', `for (const id of untold) this.#forget(id, 'unknown');`, ''],
    ['views#tellUntold', `state.out.send(to, { kind: 'change', request, ...told });`, ''],
  ],
  [
    'what a restarted server does not know yet gets a while',
    answers.loneRestart,
    ['watcher#Watcher.#settle', 'this.nowMs < this.#openedMs + DOUBT_MS', 'this.nowMs < 0'],
  ],
  [
    'only a complete view says that something is gone',
    answers.watchedCutOff,
    ['watcher#Watcher.#settle', 'untold.length > 0 && !this.#view.complete', 'untold.length < 0'],
  ],
  [
    'what nobody vouches for is stale',
    answers.watchedCutOff,
    [
      'watcher#Watcher.#armDoubt',
      `if (!isVouchedFor) this.#learn({ ...instance, state: 'stale' });`,
      'if (isVouchedFor) return;',
    ],
  ],
  [
    'a server that lags takes nothing back',
    answers.watchedLag,
    [
      'watcher#newer',
      'instance.registration.revision >= before.registration.revision',
      'before.registration.revision > 0',
    ],
  ],
  [
    'a silent server is lost to its clients',
    answers.watchedSilent,
    [
      'client/liveness#Liveness.#tick',
      'this.#nowMs - contact.heardMs >= patienceMs(contact)',
      'this.#nowMs < 0',
    ],
  ],
  [
    'a service puts itself back on every new session',
    life.rollingRestart,
    ['client#ClientCore.handleOpen', 'this.#registry.sendAll(contact);', ''],
  ],
];
