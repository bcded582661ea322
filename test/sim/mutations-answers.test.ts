// Rules of what clients are told, DESIGN.md section 6,
// taken away one at a time.

import type { Mutation } from './mutations.ts';
import { testMutations } from './mutations.ts';
import * as life from './stories-life.ts';
import * as links from './stories-links.ts';

const mutations: readonly Mutation[] = [
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
];

testMutations(mutations);
