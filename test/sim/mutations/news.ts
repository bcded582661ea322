// Rules of what a server believes and asks for, of goodbyes and of cursors, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as news from '../stories/news.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'whoever drops a log forgets its cursors',
    life.manyLives,
    ['replication', 'for (const link of state.links.values()) link.cursors.delete(id);', ''],
    [
      'origins',
      `    link.cursors.delete(origin.id);
`,
      '',
    ],
    ['intake', 'if (sequence === 0) link.cursors.delete(id);', 'if (sequence === 0) return;'],
  ],
  [
    'one question for an origin and link at a time',
    news.askedOnce,
    [
      'replication',
      'if (askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS) return;',
      '',
    ],
  ],
  [
    'a question that was not answered is put again',
    news.askedOnce,
    [
      'replication',
      'if (askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS) return;',
      'if (askedMs !== undefined) return;',
    ],
  ],
  [
    'a line with our sequence, entries or a snapshot prove an origin',
    split.healing,
    ['intake', 'if (sequence === origin.log.sequence) prove(state, origin);', ''],
    ['intake', 'if (last >= known) prove(state, origin);', ''],
    [
      'intake',
      `  prove(state, origin);
  if (sequence === origin.log.sequence && !wasWanted) {`,
      '  if (sequence === origin.log.sequence && !wasWanted) {',
    ],
  ],
  ['who was never reached is not live', news.strangers, ['catalogue', 'new: null', "new: 'live'"]],
  [
    'who does not come into reach is forgotten',
    news.strangers,
    [
      'reachability',
      `      tidings.forgotten.add(origin.id);
      dropOrigin(state, origin, 'crash');
    });
  }
}`,
      `    });
  }
}`,
    ],
  ],
  [
    'nothing brings back who said goodbye',
    news.lateCopy,
    [
      'intake',
      'return state.goodbyes.has(id);',
      'return state.nowMs < 0 && state.goodbyes.has(id);',
    ],
  ],
  [
    'a goodbye drops the log',
    life.farewell,
    [
      'intake',
      `  dropOrigin(state, origin, 'deregistered');
`,
      '',
    ],
  ],
  [
    'hashes are compared at an equal sequence only',
    life.comeAndGo,
    [
      'intake',
      'origin.log.sequence === sequence && origin.log.hash !== hash',
      'origin.log.hash !== hash',
    ],
  ],
  [
    'what differs is asked for',
    links.rotten,
    [
      'intake',
      'if (way !== undefined) ask(state, way, { origin: origin.id, sequence: 0 });',
      'if (way === undefined) throw new Error(peer);',
    ],
  ],
  [
    'what is new is written together',
    news.burst,
    ['replication', 'const COLLECT_MS = 1 / 16;', 'const COLLECT_MS = 0;'],
  ],
  [
    'what was offered and does not come is asked for',
    news.standIn,
    [
      'spare',
      `    ask(state, link, { origin: id, sequence: sequenceOf(state, id) });
    return;`,
      '    return;',
    ],
    ['spare', 'if (sequence < offered && !state.goodbyes.has(id))', 'if (sequence > offered)'],
  ],
  [
    'addresses of masters have a bound',
    news.manyMasters,
    ['origins', 'const MASTER_ADDRESSES_MAX = 256', 'const MASTER_ADDRESSES_MAX = 1_000'],
  ],
  [
    'what an operator says goes round once',
    news.forgottenOnce,
    ['dispatch', 'if (state.forgetTokens.has(message.token)) return 0;', ''],
  ],
];
