// A terminal on a node: commands are typed, and what they print and their exit code come back.

import { join } from 'node:path';

import { eventually } from '../support/conditions.ts';
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
      const { fields } = await eventually(
        () => `an answer to ${words.join(' ')}`,
        () => program.said.findLast((one) => one.fields['question'] === question),
      );
      return fields as unknown as Ended;
    },
  };
}
