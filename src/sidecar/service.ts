// A service of a sidecar: its offer to the catalogue, and how the sidecar probes it. The invariant:
// name, address and port make a service what it is; all else may change without a gap.

import { checkOffer, type Offer, RarangiError } from '../index.ts';
import type { Probe } from './probe.ts';

/** One service. */
export interface SidecarService {
  readonly offer: Offer;
  /** Registered once this is well. */
  readonly ready: Probe;
  /** Asked from then on. */
  readonly check: Probe;
}

/** The part that stays the same as long as it is the same service. */
export function keyOf({ offer: { name, address = '', port } }: SidecarService): string {
  return [name, address, port].join(' ');
}

/** Services that can be offered, side by side. Throws RARANGI_USAGE. */
export function checkServices(services: readonly SidecarService[]): void {
  const keys = new Set<string>();
  for (const service of services) {
    const { offer } = service;
    checkOffer(offer);
    const key = keyOf(service);
    if (keys.has(key)) {
      throw RarangiError.usage(
        `${offer.name} is offered twice at one address and port`,
        'give each instance a port or an address of its own',
      );
    }
    keys.add(key);
  }
}
