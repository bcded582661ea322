// What a sidecar is told, whether it wraps a command or stands alone. The services come as a
// question, because a file may answer it otherwise tomorrow.

import type { ClientOptions } from '../index.ts';
import type { Report } from './events.ts';
import type { Service } from './service.ts';
import type { Pace } from './tending.ts';

/** What a sidecar stands for, where, and how. */
export interface SidecarOptions {
  readonly client: ClientOptions;
  /** The services as they are given now. Throws RARANGI_USAGE. */
  readonly services: () => readonly Service[];
  /** Whether SIGHUP has them read again. */
  readonly areReread: boolean;
  readonly pace: Pace;
  readonly report: Report;
}
