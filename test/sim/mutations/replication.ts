// Rules of replication, taken away one at a time: what travels, and what is kept.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R9] the cursor moves to what was sent',
    links.payload,
    ['flush#planCut', 'progress.setCursor(origin.id, last);', ''],
  ],
  [
    '[R6] a digest sets the cursors',
    links.reopened,
    ['intake#noteOffer', 'link.progress.setCursor(id, sequence);', ''],
  ],
  [
    '[R13] a goodbye leaves no cursor',
    life.manyLives,
    [
      'intake#handleBatch',
      `handleGoodbye(state, id, link);
return;`,
      `handleGoodbye(state, id, link);
link.progress.raiseCursor(id, last);
return;`,
    ],
  ],
  [
    '[R17] a gap asks for what is missing',
    life.comeAndGo,
    [
      'flush#planCut',
      'progress.setCursor(origin.id, last)',
      'progress.setCursor(origin.id, last + 1)',
    ],
    ['intake#handleBatch', 'ask(state, link, { origin: id, sequence: known });', ''],
  ],
  [
    '[R16] older entries are ignored',
    split.blinkChain,
    ['intake#handleBatch', 'known + 1 - first', 'known + 2 - first'],
  ],
  [
    '[R7] a want is answered',
    split.healingChain,
    ['wants#handleWant', 'touch(state, link, { id, isOffered: true });', ''],
  ],
  [
    '[R8] where the tail does not reach back that far, a snapshot',
    links.tail,
    [
      'log#OriginLog.entriesAfter',
      'missing > this.#tail.length ? undefined : this.#tail.slice(this.#tail.length - missing)',
      'this.#tail.slice(this.#tail.length - missing)',
    ],
  ],
  [
    '[R8] a snapshot is sent',
    links.tail,
    ['flush#planPayload', 'link.progress.sendWhole(origin.id);', ''],
  ],
  [
    "[R19] a snapshot's parts are put together",
    links.tail,
    [
      'bare#takeItems',
      'const { links, registrations } = part;',
      `const { links } = part;
const registrations = part.more ? [] : part.registrations;`,
    ],
  ],
  [
    '[R18] a snapshot replaces the state whole',
    links.tail,
    ['log#OriginLog.replace', 'this.registrations.clear();', ''],
  ],
  [
    '[R18] what a snapshot lacks is gone',
    links.tail,
    [
      'origins#listAnew',
      `for (const instance of known.keys()) {
  if (!log.registrations.has(instance)) letGo(state, origin, { instance, end: 'unknown' });
}`,
      '',
    ],
  ],
  [
    '[R18] a snapshot replaces the state at once, when its last part is there',
    links.tail,
    ['intake#handleSnapshot', 'if (part.more) return;', ''],
  ],
  [
    '[R20] the links of a log that is not proven do not count',
    split.deadTogether,
    ['topology#neighbours', 'other?.isProven === true', 'other !== undefined'],
  ],
  [
    '[R20] an origin that goes out of reach is unproven',
    split.deadAfterHeal,
    ['reachability#becomeSuspect', 'origin.isProven = false;', ''],
    ['reachability#becomeSplit', 'origin.isProven = false;', ''],
    ['reachability#becomeCrashed', 'origin.isProven = false;', ''],
  ],
  [
    '[R3] a digest says what its sender has',
    links.reopened,
    [
      'replication#sendDigest',
      'const lines = [...reachableOrigins(state)].map(lineOf);',
      'const lines: Line[] = [];',
    ],
  ],
  [
    '[R4] a digest names the goodbyes',
    life.farewellInSplit,
    ['replication#sendDigest', '[...state.past.goodbyes.keys()]', '[]'],
  ],
  [
    '[R5] a digest says whether its sender is complete',
    life.bootHost,
    ['replication#sendDigest', 'isVouched(state)', 'true'],
  ],
  [
    '[R22] a goodbye is forwarded on every link',
    life.farewell,
    [
      'goodbyes#handleGoodbye',
      `if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);`,
      '',
    ],
  ],
  [
    '[R23] a goodbye is remembered',
    life.farewell,
    [
      'farewell#rememberGoodbye',
      `goodbyes.set(id, nowMs);
return true;`,
      'return goodbyes.size < 0;',
    ],
  ],
  [
    "[R23] a stranger's goodbye goes no further where none is remembered",
    life.manyFarewells,
    ['constants#GOODBYES_MAX', '65_536', '4'],
    [
      'goodbyes#handleGoodbye',
      `if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);`,
      `sendToAll(state, { kind: 'entries', batches });`,
    ],
    [
      'farewell#rememberGoodbye',
      'isKnown && goodbyes.size >= GOODBYES_MAX',
      'goodbyes.size >= GOODBYES_MAX',
    ],
  ],
  ['[R22] a server that stops says goodbye', life.farewell, ['stop#leave', `{ kind: 'bye' }`, '']],
  [
    '[R24] every other drop only forgets',
    split.longSplit,
    [
      'origins#dropOrigin',
      'state.reach.slots.free(origin.slot);',
      `state.past.goodbyes.set(origin.id, state.nowMs);
state.reach.slots.free(origin.slot);`,
    ],
  ],
  [
    '[R25] a handshake not finished in time is closed',
    links.stuckHandshake,
    [
      'connections#handleHandshakeTimeout',
      `refuse(state, connection, { error: 'handshake-timeout', reason });`,
      '',
    ],
  ],
  [
    '[R26] every 10 s replication checks itself',
    links.rotten,
    ['server#Server.#armCheck', 'sendChecks(state);', ''],
  ],
  [
    '[R28] one combined hash finds what is missing as a whole',
    links.vanished,
    ['checks#sendChecks', 'isDifferent ? origins : changed', 'changed'],
  ],
  [
    '[R29] what was asked for is accepted at an equal sequence',
    links.rotten,
    [
      'intake#takeSnapshot',
      'sequence === origin.log.sequence && !wasWanted',
      'sequence === origin.log.sequence',
    ],
  ],
  [
    '[R32] what is new is announced on a lazy link',
    links.payload,
    [
      'flush#planAnnounced',
      `if (isAnnounced(state, link, origin)) announce(plan, origin);
else if (!progress.isSnapshotDue(origin.id)) touch(state, link, origin);`,
      'if (!isAnnounced(state, link, origin) && !progress.isSnapshotDue(origin.id)) touch(state, link, origin);',
    ],
  ],
  [
    '[R32] what another link has brought is announced, not sent',
    links.payload,
    ['wants#handlePrune', `progress.setModeAt(origin.slot, 'lazy');`, ''],
  ],
  [
    '[R32] what is wanted is sent again from then on',
    links.payload,
    ['wants#handleWant', 'if (origin !== undefined) endLazy(link, origin, sequence);', ''],
  ],
  [
    '[R11] a slow link is not written to',
    links.backPressure,
    ['flush#flushLinks', '!link.isCongested && link.hasDigest', 'link.hasDigest'],
  ],
  [
    '[R11] a slow link that has caught up is written to',
    links.slowLink,
    [
      'dispatch#handleFlow',
      `link.isCongested = kind === 'congested'`,
      `link.isCongested ||= kind === 'congested'`,
    ],
  ],
  [
    '[R69] any byte received is a sign of life',
    links.slowLink,
    [
      'server#Server.#hear',
      'if (connection !== undefined) connection.heardMs = this.#state.nowMs;',
      '',
    ],
  ],
  [
    '[R19] a frame takes no more than fits',
    links.largeLog,
    ['flush#cutOf', 'taken(missing, 0, ENTRIES_PART)', '{ end: missing.length, bytes: 0 }'],
  ],
  [
    '[R8] a server that asks from the beginning gets a snapshot',
    links.rotten,
    ['wants#handleWant', 'if (sequence === 0 && cursor > 0) progress.sendWhole(id);', ''],
  ],
];
