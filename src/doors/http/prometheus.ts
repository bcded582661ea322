// Targets for Prometheus (http_sd). One invariant: the answer never has anything for which
// Prometheus would refuse all of it: label names of other letters, values that are no text, targets
// without a port.

import type { InstanceInfo } from '../../answers/shapes.ts';
import { hostPort } from '../../answers/instance-text.ts';

/** An instance, and whether it is gone: gone ones stay listed as long as the request asks. */
export interface ScrapeTarget {
  readonly info: InstanceInfo;
  readonly state: 'live' | 'stale' | 'gone';
}

/** A group of one target. */
export interface TargetGroup {
  readonly targets: readonly [string];
  readonly labels: Readonly<Record<string, string>>;
}

/** The group of a target. */
export function targetGroupOf({ info, state }: ScrapeTarget, environment: string): TargetGroup {
  const { name, instance, address, port, scheme, tags, cluster, host } = info;
  const pairs = Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1));
  const labels: Record<string, string> = {
    __meta_rarangi_service: name,
    __meta_rarangi_instance: instance,
    __meta_rarangi_host: host,
    __meta_rarangi_cluster: cluster,
    __meta_rarangi_environment: environment,
    __meta_rarangi_scheme: scheme ?? '',
    __meta_rarangi_state: state,
  };
  for (const [key, value] of pairs) {
    const label = `__meta_rarangi_tag_${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
    // Of two with the same label the first by name counts.
    if (!Object.hasOwn(labels, label)) labels[label] = value;
  }
  const all = pairs.map(([key, value]) => `${key}=${value},`).join('');
  labels['__meta_rarangi_tags'] = all === '' ? '' : `,${all}`;
  const { 'metrics.path': path, 'metrics.scheme': metricsScheme } = tags;
  if (path !== undefined) labels['__metrics_path__'] = path;
  if (metricsScheme !== undefined) labels['__scheme__'] = metricsScheme;
  return { targets: [hostPort(address, metricsPort(tags) ?? port)], labels };
}

function metricsPort(tags: InstanceInfo['tags']): number | null {
  const text = tags['metrics.port'] ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}
