// The values of --on-change. The code that acts on them is kept apart, because a lookup without a
// command need not load it.

import { constants } from 'node:os';

import { RarangiError } from '../../index.ts';

/** What --on-change may look like. */
export const ON_CHANGE_FORM = 'restart|SIGNAL';

/** The action at a change. Throws RARANGI_USAGE. */
export function onChangeOf(text: string): 'restart' | NodeJS.Signals {
  if (text === 'restart') return text;
  const signal = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (Object.hasOwn(constants.signals, signal)) return signal as NodeJS.Signals;
  throw RarangiError.usage(
    `${JSON.stringify(text)} is no signal`,
    'use restart, or the name of a signal: HUP, USR1 …',
  );
}
