// Services and routers for Traefik's HTTP provider. One invariant: the answer never has an empty
// map, because Traefik refuses it; without services the answer is an empty object.

import type { InstanceInfo } from '../../answers/shapes.ts';
import { hostPort } from '../../answers/instance-text.ts';

/** The dynamic configuration for live and stale instances. */
export function traefikOf(instances: readonly InstanceInfo[]): object {
  const services: Record<string, object> = {};
  const routers: Record<string, object> = {};
  const spoken = instances.filter(({ scheme }) => SCHEMES.has(scheme ?? ''));
  for (const name of new Set(spoken.map((one) => one.name))) {
    const own = spoken.filter((one) => one.name === name);
    const servers = own.map(({ scheme = 'http', address, port }) => ({
      url: `${scheme}://${hostPort(address, port)}`,
    }));
    // A name with a dot would be a path of Traefik's own.
    const called = name.replaceAll('.', '-');
    services[called] = { loadBalancer: { servers } };
    const rule = own.find(({ tags }) => tags['traefik.rule'] !== undefined)?.tags['traefik.rule'];
    if (rule !== undefined) routers[called] = { rule, service: called };
  }
  if (Object.keys(services).length === 0) return {};
  const isRouted = Object.keys(routers).length > 0;
  return { http: isRouted ? { routers, services } : { services } };
}

const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'h2c']);
