// The messages of `lookup -- COMMAND` about its command, and the news for it. The invariant: with
// `restart` the news concern only its variables; with a signal every change, because a process
// cannot be given other variables and has to ask again itself.

import type { InstanceInfo, LookupAnswer, LookupOptions } from '../../index.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { failureOf, type Failure } from '../failure.ts';
import type { Variables } from '../../answers/instance-text.ts';
import { logTo } from '../log-lines.ts';
import { meantCommandLine } from '../mistakes.ts';
import type { LookupFlags } from './flags.ts';
import { setChanges, variableChanges } from './changes.ts';

interface Given {
  readonly answer: LookupAnswer;
  readonly given: readonly InstanceInfo[];
  readonly options: LookupOptions;
}

type ChangeFlags = Pick<LookupFlags, 'on-change' | 'kill-after'>;

interface News {
  readonly by: 'restart' | NodeJS.Signals;
  readonly killAfterMs: number;
  readonly changes: (signal: AbortSignal) => AsyncIterable<Variables>;
  readonly onTold: () => void;
  readonly onLost: (error: unknown) => void;
}

/** Tells a person what happens to the command. */
export const tellOperator = logTo('pretty');

/** The news for a command that was given an answer; null without --on-change. */
export function newsOf(given: Given, flags: ChangeFlags): News | null {
  const { 'on-change': by, 'kill-after': killAfterMs } = flags;
  if (by === undefined) return null;
  const { service } = given.answer;
  return {
    by,
    killAfterMs,
    changes: (signal) => {
      const told = { ...given, options: { ...given.options, signal } };
      return by === 'restart' ? variableChanges(told) : setChanges(told);
    },
    onTold: () => {
      const what = by === 'restart' ? 'starting the command anew' : `sending ${by} to the command`;
      const message = `${service} has changed; ${what}`;
      tellOperator({ event: 'service-changed', level: 'info', message, fields: { service } });
    },
    onLost: (error) => {
      const { message: reason } = failureOf(error);
      const message = `the watch has failed, and the command runs on without news of changes: ${reason}`;
      tellOperator({ event: 'watch-lost', level: 'error', message, fields: { service } });
    },
  };
}

/** A command that could not be started, behind the words of `lookup` itself. */
export function notStarted(
  command: readonly string[],
  error: Error,
  ours: readonly string[],
): Failure {
  const meant = meantCommandLine('lookup', ours, command);
  return {
    code: 'RARANGI_USAGE',
    message: `cannot start ${command[0] ?? ''}: ${error.message}`,
    hint: meant ?? 'check the words after the --',
    exit: EXIT_CODES.usage.code,
  };
}
