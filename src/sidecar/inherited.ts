// What a wrapped command inherits although Node.js does not pass it on: signals that were ignored
// when the sidecar was started, and open descriptors. bin/run.js finds them out; without it only
// socket activation gives some. The invariant: only what was there at the start is handed on.

import { closeSync, fstatSync } from 'node:fs';
import { constants } from 'node:os';

/** What was found at the start. */
export interface Inherited {
  /** Numbers of signals. */
  readonly ignored: readonly number[];
  /** Above stderr, in their order; all of them are open. */
  readonly descriptors: readonly number[];
}

/** What this process has inherited. */
export function inherited(): Inherited {
  const kept = (globalThis as { [START]?: Kept })[START];
  return {
    ignored: kept === undefined ? [] : signalsIn(kept.ignored),
    descriptors: isClosed ? [] : descriptorsIn(kept?.open ?? '').filter(isOpen),
  };
}

/** Whether this process has to ignore a signal, because it was started so. */
export function isIgnored(signal: NodeJS.Signals): boolean {
  return inherited().ignored.includes(constants.signals[signal]);
}

/**
 * Closes the descriptors that were handed on: a port must not outlive the command that listens
 * there.
 */
export function closeInherited({ descriptors }: Inherited): void {
  // Other files may get their numbers from now on.
  isClosed = true;
  for (const descriptor of descriptors) closeSync(descriptor);
}

let isClosed = false;

/** Reads a mask as proc(5) has it: the lowest bit is signal 1. */
export function signalsIn(mask: string): number[] {
  const bits = BigInt(`0x${mask}`);
  const numbers = Array.from({ length: SIGNALS_COUNT }, (_, index) => index + 1);
  const isSet = (number: number): boolean => ((bits >> BigInt(number - 1)) & 1n) === 1n;
  return numbers.filter((number) => isSet(number) && !UNIGNORABLE.has(number));
}

/** Whether systemd, or a program like it, has written the variables for this process. */
export function isMeant(variable: 'LISTEN_PID' | 'WATCHDOG_PID'): boolean {
  return process.env[variable] === String(process.pid);
}

/**
 * What was found open; only where nothing was looked for, what LISTEN_FDS says. A program that ran
 * rarangi in its own place may have closed those before: then Node.js has their numbers.
 */
function descriptorsIn(open: string): number[] {
  if (open !== '') {
    const found = open.split(' ').map(Number);
    return found.filter((each) => each >= FIRST).sort((one, other) => one - other);
  }
  const activated = isMeant('LISTEN_PID') ? Number(process.env['LISTEN_FDS']) : 0;
  return Array.from({ length: activated }, (_, index) => FIRST + index);
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

interface Kept {
  readonly ignored: string;
  readonly open: string;
}

/** Where bin/run.js leaves its findings. */
const START = Symbol.for('rarangi.start');

/** The first descriptor above stderr. */
const FIRST = 3;

const SIGNALS_COUNT = 64;

/** KILL and STOP; 32 and 33 belong to the threads of the C library. */
const UNIGNORABLE: ReadonlySet<number> = new Set([9, 19, 32, 33]);
