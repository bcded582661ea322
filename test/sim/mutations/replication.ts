// Rules of replication, taken away one at a time: what travels, and what is kept.

import type { Mutation } from './mutations.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as split from '../stories/split.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'the cursor moves to what was sent',
    links.payload,
    [
      'flush',
      `  link.cursors.set(batch.origin, last);
`,
      '',
    ],
  ],
  [
    'a digest sets the cursors',
    links.reopened,
    [
      'intake',
      `  link.cursors.set(id, sequence);
  const origin`,
      '  const origin',
    ],
  ],
  [
    'a goodbye leaves no cursor',
    life.manyLives,
    [
      'intake',
      `    handleGoodbye(state, id, link);
    return;
  }
  if (isKnownGone(state, id)) {
    sendBye(state, link, { origin: id, sequence: last });`,
      `    handleGoodbye(state, id, link);
    moveCursor(link, id, last);
    return;
  }
  if (isKnownGone(state, id)) {
    sendBye(state, link, { origin: id, sequence: last });`,
    ],
  ],
  [
    'a gap asks for what is missing',
    life.comeAndGo,
    ['flush', 'link.cursors.set(batch.origin, last);', 'link.cursors.set(batch.origin, last + 1);'],
    [
      'intake',
      `if (origin === undefined || first > known + 1) {
    ask(state, link, { origin: id, sequence: known });`,
      'if (origin === undefined || first > known + 1) {',
    ],
  ],
  [
    'older entries are ignored',
    split.blinkChain,
    ['intake', 'entries.slice(known + 1 - first)', 'entries.slice(known + 2 - first)'],
  ],
  [
    'a want is answered',
    split.healingChain,
    [
      'intake',
      `    link.offers.add(id);
    touch(state, link, id);
  }
  // Whoever still`,
      `  }
  // Whoever still`,
    ],
  ],
  [
    'where the tail does not reach back that far, a snapshot',
    links.tail,
    ['log', 'missing > this.#tail.length ? undefined :', ''],
  ],
  [
    'a snapshot is sent',
    links.tail,
    ['flush', '    link.snapshots.add(origin.id);\n    return;', '    return;'],
  ],
  [
    "a snapshot's parts are put together",
    links.tail,
    [
      'intake',
      'for (const item of part.registrations) {',
      'for (const item of part.more ? [] : part.registrations) {',
    ],
  ],
  [
    'a snapshot replaces the state whole',
    links.tail,
    [
      'log',
      `    this.registrations.clear();
`,
      '',
    ],
  ],
  [
    'what a snapshot lacks is gone',
    links.tail,
    [
      'origins',
      'for (const instance of known.keys()) {',
      'for (const instance of [...known.keys()].slice(0, 0)) {',
    ],
  ],
  [
    'a snapshot replaces the state at once, when its last part is there',
    links.tail,
    [
      'intake',
      `  if (part.more) return;
  link.incoming = null;`,
      '  link.incoming = null;',
    ],
  ],
  [
    'the links of a log that is not proven do not count',
    split.deadTogether,
    ['topology', 'other?.isProven === true', 'other !== undefined'],
  ],
  [
    'whoever goes out of reach is unproven',
    split.deadTogether,
    [
      'reachability',
      `  origin.isProven = false;
  origin.via = null;`,
      '  origin.via = null;',
    ],
    [
      'reachability',
      `  origin.isProven = false;
  state.timers.cancel(\`aside`,
      '  state.timers.cancel(`aside',
    ],
    [
      'reachability',
      `  origin.isProven = false;
  setStanding(state, origin, 'aside');`,
      "  setStanding(state, origin, 'aside');",
    ],
  ],
  [
    'a digest says what its sender has',
    links.reopened,
    [
      'replication',
      'const lines = [...reachableOrigins(state)].map(lineOf);',
      'const lines: Line[] = [];',
    ],
  ],
  [
    'a digest names the goodbyes',
    life.farewellInSplit,
    [
      'replication',
      'const goodbyes = [...state.goodbyes.keys()];',
      'const goodbyes: OriginId[] = [];',
    ],
  ],
  [
    'a digest says whether its sender is complete',
    life.bootHost,
    [
      'replication',
      `complete: state.isComplete,
      missing`,
      `complete: true,
      missing`,
    ],
  ],
  [
    'a goodbye is forwarded on every link',
    life.farewell,
    ['intake', "if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);", ''],
  ],
  [
    'a goodbye is remembered',
    life.farewell,
    [
      'origins',
      `  goodbyes.set(id, nowMs);
  return true;`,
      '  return goodbyes.size < 0;',
    ],
  ],
  [
    "a stranger's goodbye goes no further where none is remembered",
    life.manyFarewells,
    ['constants', 'GOODBYES_MAX = 65_536', 'GOODBYES_MAX = 4'],
    [
      'intake',
      "if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);",
      "sendToAll(state, { kind: 'entries', batches });",
    ],
    [
      'origins',
      `if (!isOld && (!isKnown || goodbyes.size < GOODBYES_MAX)) break;
    goodbyes.delete(old);
  }
  if (goodbyes.size >= GOODBYES_MAX) return false;`,
      `if (!isOld && goodbyes.size < GOODBYES_MAX) break;
    goodbyes.delete(old);
  }`,
    ],
  ],
  [
    'a server that stops says goodbye',
    life.farewell,
    ['stop', "entries: [{ kind: 'bye' }]", 'entries: []'],
  ],
  [
    'every other drop only forgets',
    split.longSplit,
    [
      'origins',
      `  state.origins.delete(origin.id);
`,
      `  state.origins.delete(origin.id);
  state.goodbyes.set(origin.id, state.nowMs);
`,
    ],
  ],
  [
    'a handshake not finished in time is closed',
    links.stuckHandshake,
    ['connections', "  refuse(state, connection, { error: 'handshake-timeout', reason });", ''],
  ],
  [
    'every 10 s replication checks itself',
    links.rotten,
    [
      'server',
      `      sendChecks(state);
`,
      '',
    ],
  ],
  [
    'one combined hash finds what is missing as a whole',
    links.vanished,
    ['intake', 'isDifferent ? origins : changed', 'changed'],
  ],
  [
    'what was asked for is accepted at an equal sequence',
    links.rotten,
    [
      'intake',
      'sequence === origin.log.sequence && !wasWanted',
      'sequence === origin.log.sequence',
    ],
  ],
  [
    'what is new is announced on a spare link',
    links.payload,
    [
      'flush',
      'if (isAnnounced(state, link, origin)) announce(plan, origin);\n    else if',
      'if (!isAnnounced(state, link, origin) &&',
    ],
  ],
  [
    'what another link has brought is announced, not sent',
    links.payload,
    [
      'spare',
      `    link.announced.add(id);
`,
      '',
    ],
  ],
  [
    'what is wanted is sent again from then on',
    links.payload,
    [
      'intake',
      `    link.announced.delete(id);
`,
      '',
    ],
  ],
  [
    'a slow link is not written to',
    links.backPressure,
    [
      'flush',
      'if (!link.isCongested && link.hasDigest) flushLink',
      'if (link.hasDigest) flushLink',
    ],
  ],
  [
    'a slow link that has caught up is written to',
    links.slowLink,
    [
      'dispatch',
      "link.isCongested = kind === 'congested';",
      "link.isCongested ||= kind === 'congested';",
    ],
  ],
  [
    'any byte received is a sign of life',
    links.slowLink,
    ['server', 'if (connection !== undefined) connection.heardMs = this.#state.nowMs;', ''],
  ],
  [
    'a frame takes no more than fits',
    links.largeLog,
    [
      'flush',
      `    if (bytes > FRAME_BYTES_TARGET) break;
    bytes += item`,
      '    bytes += item',
    ],
  ],
  [
    'whoever asks from the beginning gets a snapshot',
    links.rotten,
    ['intake', 'if (sequence === 0 && cursor > 0) link.snapshots.add(id);', ''],
  ],
];
