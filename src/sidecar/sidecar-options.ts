// The options of a sidecar, whether it wraps a command or stands alone. The services come from a
// function, because a file may change.

import type { ClientOptions } from '../index.ts';
import type { Report } from './events.ts';
import type { Service } from './service.ts';
import type { Pace } from './tending.ts';

/** The services of a sidecar, where they are registered, and how. */
export interface SidecarOptions {
  readonly client: ClientOptions;
  /** The services as their source gives them now. Throws RARANGI_USAGE. */
  readonly services: () => readonly Service[];
  /** Whether SIGHUP has them read again. */
  readonly areReread: boolean;
  readonly pace: Pace;
  readonly report: Report;
}
