// What servers saw happen, as programs and people read it. The invariant: a server tells ages, and
// the asking host's clock makes times of them, so the order and the ages are right whatever the
// clocks of other hosts say. The caller writes the times: there is no clock here.

import type { MessageOf } from '../protocol/messages.ts';
import type { EventCause, EventKind, EventRow } from '../protocol/records.ts';
import { hostPort } from './instance-text.ts';

/**
 * Something that a server saw. In an event of a server `service`, `instance` and `address` are
 * absent.
 */
export interface EventInfo {
  /** By the clock of the asking host. */
  readonly time: string;
  readonly ageMs: number;
  /** `unknown` stands for a word of a newer server. */
  readonly event: EventKind | 'unknown';
  readonly service?: string;
  readonly instance?: string;
  /** As `host:port`. */
  readonly address?: string;
  readonly host: string;
  readonly cluster: string;
  /** The server; for an instance, those that held it, with commas between. */
  readonly server: string;
  readonly cause?: EventCause | 'unknown';
  /** Who or what did it. */
  readonly detail?: string;
}

/** The newest events that were asked for, the oldest first. */
export interface HistoryAnswer {
  /** The server that answered has seen all since then. */
  readonly reachesBackTo: string;
  /** How long ago that is; not in `--json`, for a time says it. */
  readonly reachesBackMs: number;
  readonly rows: EventInfo[];
}

/** Makes a text of the moment so many milliseconds ago. */
export type WriteTime = (agoMs: number) => string;

/** The events of an answer. */
export function historyAnswerOf(
  { rows, reachesBackMs }: Pick<MessageOf<'events'>, 'rows' | 'reachesBackMs'>,
  writeTime: WriteTime,
): HistoryAnswer {
  return {
    reachesBackTo: writeTime(reachesBackMs),
    reachesBackMs,
    rows: rows.map((row) => eventInfoOf(row, writeTime)),
  };
}

/** What `--json` and HTTP print. */
export function historyFacts({
  reachesBackTo,
  rows,
}: HistoryAnswer): Omit<HistoryAnswer, 'reachesBackMs'> {
  return { reachesBackTo, rows };
}

/** Whether there are rows, surely none, or none as far as the server can tell. */
export function historyVerdict(
  { rows, reachesBackMs }: Pick<HistoryAnswer, 'rows' | 'reachesBackMs'>,
  sinceMs: number | undefined,
): 'found' | 'none' | 'uncertain' {
  if (rows.length > 0) return 'found';
  return reachesBackMs > 0 && reachesBackMs >= (sinceMs ?? 0) ? 'none' : 'uncertain';
}

function eventInfoOf(row: EventRow, writeTime: WriteTime): EventInfo {
  const { ageMs, event, service, instance, address, port, host, cluster, servers } = row;
  return {
    time: writeTime(ageMs),
    ageMs,
    event,
    ...(service === null ? {} : { service }),
    ...(instance === null ? {} : { instance }),
    ...(address === null || port === null ? {} : { address: hostPort(address, port) }),
    host,
    cluster,
    server: servers.join(', '),
    ...(row.cause === undefined ? {} : { cause: row.cause }),
    ...(row.detail === undefined ? {} : { detail: row.detail }),
  };
}

/** Why it happened, in words: `closed: its connection ended`; empty where nothing is known. */
export function causeText({ cause, detail }: Pick<EventInfo, 'cause' | 'detail'>): string {
  return [cause, detail].filter((part) => part !== undefined).join(': ');
}

/** A line for each event, in columns; `writeTime` makes a short time of an age. */
export function historyLines(rows: readonly EventInfo[], writeTime: WriteTime): string[] {
  const cells = rows.map((row) => [
    writeTime(row.ageMs),
    row.service ?? '-',
    row.address ?? '-',
    row.event,
    causeText(row),
    `${row.host} (${row.server})`,
  ]);
  const widths = WIDTHS_MIN.map((width, column) =>
    cells.reduce((most, line) => Math.max(most, line[column]?.length ?? 0), width),
  );
  return cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Later lines mostly align with those before. The last column has no fixed width. */
const WIDTHS_MIN = [0, 3, 14, 8, 37, 0];
