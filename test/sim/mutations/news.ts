// Rules of what a server believes and asks for, of goodbyes and of cursors, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as news from '../stories/news.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R13] a server that drops a log forgets its cursors',
    life.manyLives,
    [
      'replication#spreadTidings',
      'for (const { progress } of state.links.values()) progress.setCursor(id, 0);',
      '',
    ],
    ['rows#Rows.clear', 'this.setCursor(id, 0);', ''],
    [
      'wants#handleWant',
      'progress.setCursor(id, sequence);',
      `if (sequence === 0) return;
progress.setCursor(id, sequence);`,
    ],
  ],
  [
    '[R17] one question for an origin and link at a time',
    news.askedOnce,
    [
      'questions#ask',
      'if (askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS) return;',
      '',
    ],
  ],
  [
    '[R17] a question that was not answered is put again',
    news.askedOnce,
    [
      'questions#ask',
      'askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS',
      'askedMs !== undefined',
    ],
  ],
  [
    '[R21] a line with our sequence, entries or a snapshot prove an origin',
    split.healing,
    ['intake#noteOffer', 'if (sequence === origin.log.sequence) prove(state, origin);', ''],
    ['intake#handleBatch', 'if (last >= known) prove(state, origin);', ''],
    ['intake#takeSnapshot', 'prove(state, origin);', ''],
  ],
  [
    '[R20] who was never reached is not live',
    news.strangers,
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
  new: 'live',
  reachable: 'live',
  suspect: 'suspect',
  crashed: null,
  split: 'stale',
}`,
    ],
  ],
  [
    '[R20] who does not come into reach is forgotten',
    news.strangers,
    [
      'reachability#handleUnreachable',
      `tidings.forgotten.add(origin.id);
dropOrigin(state, origin, { ending: 'forgotten' });`,
      '',
    ],
  ],
  [
    '[R23] nothing brings back who said goodbye',
    news.lateCopy,
    ['goodbyes#isKnownGone', 'state.past.goodbyes', 'state.nowMs < 0 && state.past.goodbyes'],
  ],
  [
    '[R22] a goodbye drops the log',
    life.farewell,
    ['goodbyes#handleGoodbye', `departOrigin(state, origin);`, ''],
  ],
  [
    '[R27] hashes are compared at an equal sequence only',
    life.comeAndGo,
    [
      'checks#handleCheck',
      'origin.log.sequence === sequence && origin.log.hash !== hash',
      'origin.log.hash !== hash',
    ],
  ],
  [
    '[R29] what differs is asked for',
    links.rotten,
    [
      'checks#tellDifference',
      'if (way !== undefined) ask(state, way, { origin: origin.id, sequence: 0 });',
      'if (way === undefined) throw new Error(peer);',
    ],
  ],
  ['[R31] what is new is written together', news.burst, ['replication#COLLECT_MS', '1 / 16', '0']],
  [
    '[R32] what was offered and does not come is asked for',
    news.standIn,
    ['lazy#noteOffered', 'ask(state, link, { origin: id, sequence: sequenceOf(state, id) });', ''],
    ['lazy#graft', 'sequence < offered && !state.past.goodbyes.has(id)', 'sequence > offered'],
  ],
  [
    '[R122] a neighbour that was asked and is silent keeps no other from being asked',
    news.askedInVain,
    ['questions#isOnItsWay', 'return !isOverdue(state, asked);', 'return true;'],
  ],
  [
    '[R98] what may be older than the end of an instance does not answer for it at once',
    news.flicker,
    ['late#noteBegin', '!state.catalogue.doubt(origin.id, instance)', 'true'],
  ],
  [
    '[R98] it is known who let an instance go',
    news.flicker,
    ['origins#letGo', 'if (wasHeld) noteEnd(state, origin, instance);', ''],
  ],
  [
    '[R124] what a log has named since it was lost has not ended before',
    news.flickerOfReturned,
    ['late#noteEnd', 'origin.begun?.delete(instance) === true', 'false'],
    ['late#noteBegun', '(origin.begun ??= new Set()).add(instance);', 'return;'],
  ],
  [
    '[R108] a log that was in no answer when an instance ended does not bring it back',
    news.endedAside,
    ['late#noteEnd', 'state.catalogue.doubtRest(instance);', ''],
  ],
  [
    '[R113] what a log let go before it was in reach makes nobody doubt',
    news.endTakenBack,
    ['late#noteEnd', "if (origin.standing === 'new') return;", ''],
    ['late#noteBegin', 'if (end?.by.has(origin.id) === true) takeBack(state, instance);', ''],
  ],
  [
    '[R105] of what came and went at once nobody is told',
    news.lateLife,
    ['answers#tellWatchers', 'lastingOf(changes)', 'changes'],
  ],
  [
    '[R119] a session that was not told all waits for its next turn',
    news.manyWatches,
    ['turns#WORK_PER_STEP', '1_024', '1'],
    [
      'turns#tellSome',
      'if (!tellSession(turn, topic, { id, share })) topic.queue.add(id);',
      'tellSession(turn, topic, { id, share });',
    ],
  ],
  [
    '[R119] who waits has a turn at every alarm',
    news.manyWatches,
    ['turns#WORK_PER_STEP', '1_024', '1'],
    [
      'turns#tellTurn',
      'if (isTurn) tellWaiting({ ...turn, left: WORK_PER_STEP - backlog.spent });',
      '',
    ],
  ],
  [
    '[R41] addresses of masters have a bound',
    news.manyMasters,
    ['ways#MASTER_ADDRESSES_MAX', '256', '1_000'],
  ],
  [
    '[R117] no neighbour fills the places of the others with hearsay',
    news.manyMasters,
    ['ways#makeRoom', 'most.length > own + 1', 'false'],
  ],
  [
    '[R111] addresses of masters that are hearsay are forgotten',
    news.manyMasters,
    ['settle#settleTargets', 'if (!noteLost(state)) forgetHearsay(state);', ''],
  ],
  [
    '[R65] what an operator says goes round once',
    news.forgottenOnce,
    ['forget-tokens#isNewWord', 'forgetTokens.has(token) || !hasRoom(state)', 'false'],
  ],
];
