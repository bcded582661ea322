// Services and routers for Traefik's HTTP provider. One invariant: the answer never has an empty
// map, because Traefik refuses it; without services the answer is an empty object.

import type { InstanceInfo } from '../../answers/shapes.ts';
import { hostPort } from '../../answers/instance-text.ts';

/** The dynamic configuration for live and stale instances. */
export function traefikOf(instances: readonly InstanceInfo[]): object {
  const services: Record<string, object> = {};
  const routers: Record<string, object> = {};
  const spoken = instances.filter(({ scheme }) => SCHEMES.has(scheme ?? ''));
  const names = [...new Set(spoken.map((one) => one.name))];
  const calledBy = calledWithoutDots(names);
  for (const name of names) {
    const own = spoken.filter((one) => one.name === name);
    const servers = own.map(({ scheme = 'http', address, port }) => ({
      url: `${scheme}://${hostPort(address, port)}`,
    }));
    const called = calledBy(name);
    services[called] = { loadBalancer: { servers } };
    const rule = own.find(({ tags }) => tags['traefik.rule'] !== undefined)?.tags['traefik.rule'];
    if (rule !== undefined) routers[called] = { rule, service: called };
  }
  if (Object.keys(services).length === 0) return {};
  const isRouted = Object.keys(routers).length > 0;
  return { http: isRouted ? { routers, services } : { services } };
}

/**
 * How services are called there: a name with a dot would be a path of Traefik's own. Hyphens stand for
 * dots; where two services would be called alike, `~` does, which is in no name.
 */
function calledWithoutDots(names: readonly string[]): (name: string) => string {
  const counts = new Map<string, number>();
  for (const called of names.map(hyphened)) counts.set(called, (counts.get(called) ?? 0) + 1);
  return (name) => {
    const called = hyphened(name);
    return counts.get(called) === 1 ? called : name.replaceAll('.', '~');
  };
}

function hyphened(name: string): string {
  return name.replaceAll('.', '-');
}

const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'h2c']);
