// Lines for operators, on stderr. The invariant: one event, one line, whatever text a peer sent
// with it; as JSON `{time, level, event, message, …fields}`. They are written straight to the
// descriptor: opening process.stderr while a wrapped command runs would make a pipe non-blocking
// that the command shares.

import { fstatSync, writeSync } from 'node:fs';

import { inSeconds } from './durations.ts';
import { harmless, oneLine } from './harmless.ts';
import type { Level } from '../index.ts';
import { isTerminal } from './output.ts';
import { inLevelColour, type Theme, themeFor } from './theme.ts';

/** How lines look. */
export type LogFormat = 'pretty' | 'json';

/** Something an operator should know. */
export interface LogEvent {
  readonly event: string;
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** An event as one line, without its end; `time` is the wall clock's. */
export function logLine(event: LogEvent, time: Date, theme: Theme): string {
  const { level, message } = event;
  const word = inLevelColour(theme, level, level.padEnd('error'.length));
  return `${theme.faint(time.toISOString())} ${word} ${worded(message)}`;
}

/** An event as one line of JSON. */
export function logJson({ event, level, message, fields }: LogEvent, time: Date): string {
  const own = { time: time.toISOString(), level, event, message: inSeconds(message) };
  // Ours come first, and a field of the same name does not replace them.
  return JSON.stringify({ ...own, ...fields, ...own });
}

/** An event as one line for journald, which has a time of its own and a field for the level. */
export function journalLine({ level, message }: LogEvent): string {
  return `${journalPrefix(level)}${worded(message)}`;
}

function worded(message: string): string {
  return oneLine(inSeconds(message));
}

/** The priority that journald reads at the beginning of a line, as syslog(3) counts. */
export function journalPrefix(level: Level): string {
  return `<${String(PRIORITIES[level])}>`;
}

/**
 * Whether stderr goes to journald: JOURNAL_STREAM may be inherited although stderr is another
 * stream.
 */
export function isToJournal(stream = process.env['JOURNAL_STREAM']): boolean {
  if (stream === undefined || stream === '') return false;
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return stream === `${String(dev)}:${String(ino)}`;
  } catch {
    // There is no stderr.
    return false;
  }
}

/** Writes events to stderr; `time` is when they happened, now if absent. */
export function logTo(format: LogFormat): (event: LogEvent, time?: Date) => void {
  const theme = themeFor({ isTTY: isTerminal('stderr') });
  const toJournal = isToJournal();
  return (event, time = new Date()) => {
    if (format === 'json') {
      writeLine(`${toJournal ? journalPrefix(event.level) : ''}${logJson(event, time)}`);
    } else {
      writeLine(toJournal ? journalLine(event) : logLine(event, time, theme));
    }
  };
}

/** Writes one line to stderr; a reader that has gone, or does not read, is no failure. */
export function writeLine(line: string): void {
  try {
    writeSync(STDERR, `${harmless(line)}\n`);
  } catch {
    // There is no place left to report it.
  }
}

const STDERR = 2;

const PRIORITIES: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
