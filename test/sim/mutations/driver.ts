// Rules of the driver, which are the same for every core, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as flow from '../stories/flow.ts';
import * as life from '../stories/life.ts';
import * as links from '../stories/links.ts';
import * as proof from '../stories/proof.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'the last words of a connection leave before it ends',
    proof.oldGoodbyes,
    [
      'driver#Driver.#flush',
      'if (unsent.length > 0) connection.write(unsent);',
      'if (unsent.length > 0 && !peer.isEnding) connection.write(unsent);',
    ],
  ],
  [
    'long frames are read once the other end has said hello',
    links.largeLog,
    [
      'driver#Driver.#receiveFrame',
      "if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;",
      '',
    ],
  ],
  [
    'long frames are read once we have said hello',
    links.largeLog,
    [
      'driver#Driver.#send',
      "if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;",
      '',
    ],
  ],
  [
    'a core is told when the other end does not read',
    links.backPressure,
    [
      'driver#Driver.#flush',
      'connection.unwrittenBytes > (peer.isCongested ? SWAMPED_BYTES : CONGESTED_BYTES)',
      'false',
    ],
  ],
  [
    'a core is told when the other end has caught up',
    links.backPressure,
    [
      'driver#Driver.#open',
      "this.submit({ kind: 'drained', nowMs: this.#runtime.nowMs(), connection: id });",
      '',
    ],
  ],
  [
    'a session that is paused is read again when its answers are read',
    flow.slowReader,
    ['driver#Driver.#setReading', `peer.isPaused = kind === 'pause';`, 'peer.isPaused = true;'],
  ],
  [
    'the socket of a session that is read again is, too',
    flow.slowReader,
    [
      'driver#Driver.#setReading',
      'peer.connection.setReading(!peer.isPaused);',
      'if (peer.isPaused) peer.connection.setReading(false);',
    ],
  ],
  [
    'an alarm that rings too early is set again',
    life.hang,
    ['alarm#Alarm.arm', 'this.arm();', ';'],
  ],
];
