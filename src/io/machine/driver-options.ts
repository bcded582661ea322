// What a driver is made of: the core that it drives, the world, and the callbacks that do the rest.
// Only types live here; they stand apart from the driver so that each of the two files stays short.

import type { ConnectionInput } from '../../core/client/effect.ts';
import type { CaughtFault } from './bulkhead.ts';
import type { Runtime } from './runtime.ts';
import type { ShellEffect } from './shell-effect.ts';
import type { Relief } from './unread.ts';

/** A core: `I` is what it takes besides what connections bring, `E` what else it wants done. */
export interface Core<I, E> {
  step(input: ConnectionInput | I): readonly (ShellEffect | E)[];
  nextDeadlineMs(): number;
}

/** What a driver is made of. */
export interface DriverOptions<I, E> {
  readonly core: Core<I, E>;
  readonly runtime: Pick<Runtime, 'nowMs' | 'dial' | 'setAlarm'>;
  /**
   * Performs the effects that the driver does not know. It may submit inputs: they are stepped
   * next.
   */
  readonly perform: (effect: E) => void;
  /** Called when the core has stopped, before its last messages are written. */
  readonly onStop?: () => void;
  /** Makes an input of a fault, for a core that can live with one. Without it, see `Cuts`. */
  readonly inputOf?: (fault: CaughtFault) => I;
  /** Chooses the connections to close when all together have too much unread. Without it, none. */
  readonly relief?: Relief;
}
