// A terminal on a node: commands are typed, and their output and exit code come back.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Node } from './network.ts';
import type { Ended } from './programs.ts';

/** Where commands are typed. */
export interface Terminal {
  /** Runs a command of the built program to its end. */
  run(words: readonly string[]): Promise<Ended>;
}

/** Opens a terminal on a node; it ends with what else runs there. */
export function openTerminal(node: Node): Terminal {
  const program = node.start([process.execPath, join(import.meta.dirname, 'terminal.mjs')]);
  let questions = 0;
  return {
    run: async (words) => {
      questions += 1;
      const question = questions;
      program.type(JSON.stringify({ question, words }));
      const answer = () => program.said.findLast((one) => one.fields['question'] === question);
      // However long that takes: forty processes may be starting. The test has a time limit.
      while (answer() === undefined) {
        if (program.isOver()) throw new Error(`the terminal has ended: ${words.join(' ')}`);
        await delay(ASKED_EVERY_MS);
      }
      return answer()!.fields as unknown as Ended;
    },
  };
}

const ASKED_EVERY_MS = 10;
