// Endpoints for Envoy: EDS over REST-JSON. One invariant: every resource that is asked for is
// answered, with an empty assignment for a service that surely has no instance; a resource keeps
// the name that Envoy gave it, parameters and all, or Envoy would not recognize it.

import type { Instance } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';

/** What Envoy asks. */
export interface EnvoyAsked {
  readonly resources: readonly string[];
  /** The version that Envoy has; empty for none. */
  readonly version: string;
}

/** Reads a DiscoveryRequest, in snake case or camel case; a text says what is wrong. */
export function envoyAsked(body: unknown): EnvoyAsked | string {
  if (typeof body !== 'object' || body === null) return 'a DiscoveryRequest has to be an object';
  const fields = new Map(Object.entries(body));
  const names: unknown = fields.get('resource_names') ?? fields.get('resourceNames') ?? [];
  const version: unknown = fields.get('version_info') ?? fields.get('versionInfo') ?? '';
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    return 'resource_names has to be a list of texts';
  }
  return { resources: names, version: typeof version === 'string' ? version : '' };
}

/** The service and the query of a resource: `NAME?tag=k=v&cluster=ams`. */
export function resourceParts(resource: string): { readonly name: string; readonly query: string } {
  const at = resource.includes('?') ? resource.indexOf('?') : resource.length;
  return { name: resource.slice(0, at), query: resource.slice(at + 1) };
}

/** The answer for a resource. */
export interface Assigned {
  readonly resource: string;
  readonly instances: readonly Instance[];
}

/** A ClusterLoadAssignment; `own` is the cluster of the server that is asked. */
export function assignmentOf({ resource, instances }: Assigned, own: string): object {
  const zones = [...new Set(instances.map(({ cluster }): string => cluster))].sort(byText);
  return {
    '@type': LOAD_ASSIGNMENT,
    cluster_name: resource,
    endpoints: zones.map((zone) => ({
      locality: { zone },
      priority: zone === own || !zones.includes(own) ? 0 : 1,
      lb_endpoints: instances.filter(({ cluster }) => cluster === zone).map(endpointOf),
    })),
  };
}

/** The DiscoveryResponse. */
export function envoyAnswer(version: string, resources: readonly object[]): object {
  return { version_info: version, type_url: LOAD_ASSIGNMENT, resources };
}

function endpointOf({ registration, state }: Instance): object {
  const { address, port, tags } = registration;
  const weight = weightOf(tags.find(({ key }) => key === 'weight')?.value);
  return {
    endpoint: { address: { socket_address: { address, port_value: port } } },
    health_status: isLive(state) ? 'HEALTHY' : 'DEGRADED',
    ...(weight === null ? {} : { load_balancing_weight: weight }),
  };
}

function weightOf(text: string | undefined): number | null {
  const weight = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  return weight >= 1 && weight <= 65_535 ? weight : null;
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

const LOAD_ASSIGNMENT = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
