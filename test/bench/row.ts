// A row of the table: a question, and the figures that answer it, each beside its floor where there
// is one: the least that a bare Node.js needs for the same, measured in the same run.

import type { Bench } from './processes.ts';

/** One figure. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** Of the same runs, where `value` is their median. */
  readonly p99?: number;
  /** Of a bare Node.js, in the same unit. */
  readonly floor?: number;
  /** The promise, as text; nothing fails by it. */
  readonly must?: string;
  /** Where a row asks how something grows: what, and at which size this was measured. */
  readonly growth?: { readonly of: string; readonly at: number };
}

/** A question. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** How often or how long is measured, when it is not for show. */
  readonly method: string;
  /** Measures; with `isQuick` only enough to see that it works. */
  measure(bench: Bench, isQuick: boolean): Promise<Figure[]>;
}

/** The median. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** The figure that so great a share of all do not exceed. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The median and the 99th percentile of the measured values. */
export function spread(figures: readonly number[]): Pick<Figure, 'value' | 'p99'> {
  return { value: median(figures), p99: quantile(figures, 0.99) };
}
