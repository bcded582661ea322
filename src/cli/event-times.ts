// Times of day for people who read what happened. The invariant: a time of another day than today
// has its date.

import type { WriteTime } from '../answers/history.ts';

/** Writes `12:03:10.482`, by the clock and the time zone of this host. */
export function timesOfDay(now = new Date()): WriteTime {
  return (agoMs) => withDate(new Date(now.getTime() - agoMs), now, milliTime);
}

/** The same without the milliseconds. */
export function secondsOfDay(now = new Date()): WriteTime {
  return (agoMs) => withDate(new Date(now.getTime() - agoMs), now, secondTime);
}

function withDate(time: Date, now: Date, write: (time: Date) => string): string {
  const date = dateOf(time);
  return date === dateOf(now) ? write(time) : `${date} ${write(time)}`;
}

function secondTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => two(part)).join(':');
}

function milliTime(time: Date): string {
  return `${secondTime(time)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function dateOf(time: Date): string {
  return [String(time.getFullYear()), two(time.getMonth() + 1), two(time.getDate())].join('-');
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
