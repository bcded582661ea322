// Which effects the driver performs by itself, whatever core it drives. The invariant: the type and
// the set name the same kinds.

import type { Close, Dial, Reading, Send, Stopped } from '../../core/effect.ts';

/** The effects that a driver performs by itself. */
export type ShellEffect = Send | Dial | Close | Reading | Stopped;

/** Whether the driver performs it. */
export function isShellEffect(effect: { readonly kind: string }): effect is ShellEffect {
  return SHELL_EFFECTS.has(effect.kind);
}

const SHELL_EFFECTS: ReadonlySet<string> = new Set<ShellEffect['kind']>([
  'send',
  'dial',
  'close',
  'pause',
  'resume',
  'stopped',
]);
