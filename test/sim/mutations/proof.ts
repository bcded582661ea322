// Rules of what is said of whom, and of what is believed of it, taken away one at a time; where two
// rules cover for each other, both at once.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as proof from '../stories/proof.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R3] a digest lists none but those within reach',
    proof.heldBack,
    ['replication#sendDigest', 'reachableOrigins(state)', 'state.origins.values()'],
  ],
  [
    '[R7] none but those within reach are sent or offered',
    proof.heldBack,
    [
      'flush#isSent',
      `origin.standing === 'reachable' && origin.id !== link.origin`,
      'origin.id !== link.origin',
    ],
  ],
  [
    '[R7] a snapshot of whom it cannot reach is neither begun nor gone on with',
    proof.heldBack,
    ['snapshots#nextOutgoing', `origin?.standing !== 'reachable'`, 'origin === undefined'],
    ['snapshots#sendPart', `origin?.standing !== 'reachable'`, 'origin === undefined'],
  ],
  [
    '[R21] a line with our sequence proves an origin',
    split.shortBlinkChain,
    ['intake#noteOffer', 'if (sequence === origin.log.sequence) prove(state, origin);', ''],
  ],
  [
    '[R21] entries prove an origin',
    split.blinkChain,
    ['intake#handleBatch', 'if (last >= known) prove(state, origin);', ''],
  ],
  [
    '[R1] a server alone writes its log',
    proof.ownWriter,
    [
      'intake#handleBatch',
      `if (id === state.self.id) {
  link.progress.raiseCursor(id, last);
  return;
}`,
      '',
    ],
  ],
  [
    '[R1] a server alone replaces its log',
    proof.ownWriter,
    ['intake#takeSnapshot', 'if (id === state.self.id) return;', ''],
  ],
  [
    '[R19] parts of one snapshot belong together',
    proof.mixedParts,
    [
      'intake#isNextPart',
      'origin === part.origin && sequence === part.sequence && parts === part.part',
      'true',
    ],
  ],
  [
    '[R7] a server that has more is sent nothing',
    proof.ahead,
    ['flush#planOrigin', 'origin.log.sequence <= cursor', 'origin.log.sequence === cursor'],
  ],
  [
    '[R13] a server that says that it lacks all is believed',
    links.rotten,
    [
      'wants#handleWant',
      'progress.setCursor(id, sequence);',
      'if (sequence > 0) progress.setCursor(id, sequence);',
    ],
  ],
  [
    '[R13] a server that drops a log forgets its own cursors',
    split.healingChain,
    [
      'replication#spreadTidings',
      'for (const { progress } of state.links.values()) progress.setCursor(id, 0);',
      '',
    ],
    ['rows#Rows.clear', 'this.setCursor(id, 0);', ''],
  ],
  [
    '[R8] a tail ends at a snapshot',
    split.blink,
    ['log#OriginLog.replace', 'this.#tail = [];', ''],
  ],
  [
    '[R2] a tail is short',
    links.tail,
    ['log#OriginLog.apply', 'this.#tail.length > 2 * TAIL_ENTRIES', 'this.#tail.length < 0'],
  ],
  [
    '[R23] a goodbye is remembered for an hour',
    proof.oldGoodbyes,
    ['constants#GOODBYE_MS', '60 * 60', '99 * 60 * 60'],
  ],
  [
    '[R5] a digest names the hosts that its sender misses',
    life.freshInSplit,
    ['replication#sendDigest', 'ownMissing(state)', '{ missing: [] }'],
    ['view#refreshView', `if (said !== null) appendOwn(state, { kind: 'missing', ...said });`, ''],
  ],
  [
    '[R65] a goodbye drops a frozen log',
    life.farewellInSplit,
    [
      'goodbyes#handleGoodbye',
      `departOrigin(state, origin)`,
      `if (origin.standing !== 'split') departOrigin(state, origin)`,
    ],
  ],
];
