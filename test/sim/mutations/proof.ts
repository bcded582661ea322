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
    'a digest lists none but those within reach',
    proof.heldBack,
    [
      'replication',
      'const lines = [...reachableOrigins(state)].map(lineOf);',
      'const lines = [...state.origins.values()].map(lineOf);',
    ],
  ],
  [
    'none but those within reach are sent or offered',
    proof.heldBack,
    [
      'flush',
      "return origin.standing === 'reachable' && origin.id !== link.origin;",
      'return origin.id !== link.origin;',
    ],
  ],
  [
    'a snapshot of whom it cannot reach is neither begun nor gone on with',
    proof.heldBack,
    [
      'flush',
      "if (origin?.standing !== 'reachable' || link.announced.has(id)) continue;",
      'if (origin === undefined || link.announced.has(id)) continue;',
    ],
    [
      'flush',
      "if (origin?.standing !== 'reachable') {\n    link.outgoing = null;",
      'if (origin === undefined) {\n    link.outgoing = null;',
    ],
  ],
  [
    'a line with our sequence proves an origin',
    split.blinkChain,
    ['intake', 'if (sequence === origin.log.sequence) prove(state, origin);', ''],
  ],
  [
    'entries prove an origin',
    split.blinkChain,
    ['intake', 'if (last >= known) prove(state, origin);', ''],
  ],
  [
    'a server alone writes its log',
    proof.ownWriter,
    [
      'intake',
      `  if (id === state.self.id) {
    moveCursor(link, id, last);
    return;
  }
`,
      '',
    ],
  ],
  [
    'a server alone replaces its log',
    proof.ownWriter,
    [
      'intake',
      `  if (id === state.self.id) return;
  const origin = state.origins.get(id) ?? addOrigin`,
      '  const origin = state.origins.get(id) ?? addOrigin',
    ],
  ],
  [
    'parts of one snapshot belong together',
    proof.mixedParts,
    [
      'intake',
      'return origin === part.origin && sequence === part.sequence && parts === part.part;',
      'return true;',
    ],
  ],
  [
    'whoever has more is sent nothing',
    proof.ahead,
    ['flush', 'if (origin.log.sequence <= cursor) {', 'if (origin.log.sequence === cursor) {'],
  ],
  [
    'whoever says that it lacks all is believed',
    links.rotten,
    ['intake', 'if (sequence === 0) link.cursors.delete(id);\n    else', 'if (sequence > 0)'],
  ],
  [
    'whoever drops a log forgets its own cursors',
    split.healingChain,
    ['replication', 'for (const link of state.links.values()) link.cursors.delete(id);', ''],
    [
      'origins',
      `    link.cursors.delete(origin.id);
`,
      '',
    ],
  ],
  ['a tail ends at a snapshot', split.blink, ['log', '    this.#tail = [];\n', '']],
  [
    'a tail is short',
    links.tail,
    [
      'log',
      'if (this.#tail.length > 2 * TAIL_ENTRIES) this.#tail',
      'if (this.#tail.length < 0) this.#tail',
    ],
  ],
  [
    'a goodbye is remembered for an hour',
    proof.oldGoodbyes,
    ['constants', 'GOODBYE_MS = ', 'GOODBYE_MS = 99 * '],
  ],
  [
    'a digest names the hosts that its sender misses',
    life.freshInSplit,
    ['replication', 'missing: ownMissing(state),', 'missing: [],'],
  ],
  [
    'a goodbye drops a frozen log',
    life.farewellInSplit,
    [
      'intake',
      "  dropOrigin(state, origin, 'deregistered');\n",
      "  if (origin.standing !== 'split') dropOrigin(state, origin, 'deregistered');\n",
    ],
  ],
];
