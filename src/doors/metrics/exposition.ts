// Writes metrics as Prometheus reads them: its own text format (0.0.4), or OpenMetrics 1.0 for
// clients that accept it. The invariants: every series of the table that is always there is
// written, at 0 if nothing was measured; each series once; both formats have the same series.

import type { MetricName, MetricSpec } from './table.ts';
import { ALL_METRICS } from './table.ts';

/** One value, and the values of its labels in the order of the table. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** How often something was at most so much. */
export interface Histogram {
  /** The upper bounds, and how many fell into each bucket alone; one more for those beyond. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** The measured values; null for those that were not asked for. */
export type Measured = Readonly<
  Record<Exclude<MetricName, HistogramName>, readonly Sample[] | null> &
    Record<HistogramName, Histogram>
>;

type HistogramName = 'rarangi_loop_lag_seconds';

/** The format of an exposition. */
export type Form = 'text' | 'openmetrics';

/** Which format a header Accept asks for. */
export function formOf(accept: string | null): Form {
  return /application\/openmetrics-text/i.test(accept ?? '') ? 'openmetrics' : 'text';
}

/** The type of the content. */
export const CONTENT_TYPES: Readonly<Record<Form, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The text of the measured values. */
export function exposition(measured: Measured, form: Form): string {
  const lines: string[] = [];
  for (const { name, ...spec } of ALL_METRICS) {
    const values = measured[name];
    if (values === null) continue;
    const written = 'bounds' in values ? histogramLines(name, values) : [];
    const samples = 'bounds' in values ? [] : withAlways(values, spec);
    for (const { labels, value } of samples) {
      written.push(`${name}${labelsText(spec.labels, labels)} ${numberText(value)}`);
    }
    if (written.length === 0) continue;
    const family = form === 'openmetrics' ? name.replace(/_total$/, '') : name;
    lines.push(`# HELP ${family} ${spec.help}`, `# TYPE ${family} ${spec.type}`);
    for (const line of written) lines.push(line);
  }
  if (form === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

/**
 * The series that are always there, in the order of the table, and the others that were measured.
 */
function withAlways(samples: readonly Sample[], { always }: MetricSpec): Iterable<Sample> {
  if (always.length === 0) return samples;
  const all = new Map<string, Sample>();
  for (const labels of always) all.set(labels.join('\n'), { labels, value: 0 });
  for (const sample of samples) all.set(sample.labels.join('\n'), sample);
  return all.values();
}

function histogramLines(name: string, { bounds, counts, sum }: Histogram): string[] {
  let count = 0;
  const buckets = counts.map((own, index) => {
    count += own;
    return `${name}_bucket{le="${boundText(bounds[index] ?? Infinity)}"} ${String(count)}`;
  });
  return [...buckets, `${name}_sum ${numberText(sum)}`, `${name}_count ${String(count)}`];
}

/** OpenMetrics wants the point; the other format takes it, so that series are the same in both. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${String(bound)}.0` : numberText(bound);
}

function labelsText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  const pairs = names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
