// The metrics of the process, by the names that every program uses. One invariant: a value that the
// system does not tell is left out, never guessed.

import { readdirSync, readFileSync } from 'node:fs';

import type { Measured, Sample } from '../../doors/metrics/exposition.ts';

type ProcessMetric = Extract<keyof Measured, `process_${string}` | 'nodejs_heap_used_bytes'>;

/** The measures of this process now. */
export function processMeasures(): Pick<Measured, ProcessMetric> {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    process_cpu_seconds_total: one((user + system) / 1e6),
    process_resident_memory_bytes: one(rss),
    process_start_time_seconds: one(STARTED_SECONDS),
    process_open_fds: told(openFiles),
    process_max_fds: told(openFilesMax),
    nodejs_heap_used_bytes: one(heapUsed),
  };
}

/** A metric without labels. */
export function one(value: number): readonly Sample[] {
  return [{ labels: [], value }];
}

function told(read: () => number): readonly Sample[] {
  try {
    const value = read();
    return Number.isNaN(value) ? [] : one(value);
  } catch {
    // Another system than Linux, or one that hides /proc.
    return [];
  }
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

function openFilesMax(): number {
  const [, soft = ''] =
    /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === 'unlimited' ? Infinity : Number.parseInt(soft, 10);
}

const STARTED_SECONDS = Date.now() / 1_000 - process.uptime();
