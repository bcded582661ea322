// The services of one sidecar, each tended by itself. The invariant: a service that stays, stays
// registered while others come and go, and once the roster has ended no service is added.

import { RarangiError } from '../index.ts';
import { checkServices, keyOf, type SidecarService } from './service.ts';
import { type ServiceEnd, Tending, type TendingOptions } from './tending.ts';

/** All services of a sidecar. */
export interface Roster {
  /** Resolves with the name of the first service that was not ready in time. */
  readonly overdue: Promise<string>;
  /** Whether there was one. */
  isOverdue(): boolean;
  /** Whether any service is in the catalogue. */
  isRegistered(): boolean;
  /** Takes on those that are new, changes those that stay, ends the rest. Throws RARANGI_USAGE. */
  set(services: readonly SidecarService[]): void;
  /** The same with the present settings; a fault is reported, and all stays as it is. */
  reset(read: () => readonly SidecarService[]): void;
  /** Ends all: resolves when every server of the host knows. */
  end(end: ServiceEnd): Promise<void>;
}

/** An empty roster. */
export function openRoster(options: Omit<TendingOptions, 'onOverdue'>): Roster {
  const tended = new Map<string, Tending>();
  let isOver = false;
  let isOverdue = false;
  let tellOverdue = (_service: string): void => undefined;
  const overdue = new Promise<string>((resolve) => {
    tellOverdue = resolve;
  });
  const onOverdue = (service: string): void => {
    isOverdue = true;
    tellOverdue(service);
  };
  const set = (services: readonly SidecarService[]): void => {
    checkServices(services);
    if (isOver) return;
    const leaving = new Map(tended);
    for (const service of services) {
      const key = keyOf(service);
      leaving.delete(key);
      const known = tended.get(key);
      if (known === undefined) tended.set(key, new Tending(service, { ...options, onOverdue }));
      else known.update(service);
    }
    for (const [key, tending] of leaving) {
      tended.delete(key);
      void tending.end({ logged: 'no longer offered', detail: 'no longer offered' });
    }
  };
  return {
    overdue,
    isOverdue: () => isOverdue,
    isRegistered: () => [...tended.values()].some((one) => one.isRegistered()),
    set,
    reset: (read) => {
      try {
        const services = read();
        set(services);
        options.report('services-reread', { services: services.length });
      } catch (error) {
        if (!(error instanceof RarangiError)) throw error;
        options.report('services-refused', { reason: error.message });
      }
    },
    end: async (end) => {
      isOver = true;
      await Promise.all([...tended.values()].map((one) => one.end(end)));
    },
  };
}
