// The options of a sidecar, whether it wraps a command or stands alone. The services come from a
// function, because a file may change.

import type { ClientOptions } from '../index.ts';
import type { TellOperator } from './events.ts';
import type { SidecarService } from './service.ts';
import type { StartPace } from './tending.ts';

/** The services of a sidecar, where they are registered, and how. */
export interface SidecarOptions {
  readonly client: ClientOptions;
  /** The services as their source gives them now. Throws RARANGI_USAGE. */
  readonly services: () => readonly SidecarService[];
  /** Whether SIGHUP has them read again. */
  readonly areReread: boolean;
  readonly pace: StartPace;
  readonly report: TellOperator;
}
