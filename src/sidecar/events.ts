// What a sidecar tells its operator: one table, as core/notices.ts is for servers. The invariant:
// an event has its level and its sentence here; the code that shows it adds only the time and the
// form.

import {
  type Fields,
  type FieldsOf,
  filledIn,
  sentence,
  type SentenceSpec,
} from '../core/kit/sentences.ts';
import type { Level } from '../index.ts';

interface EventSpec extends SentenceSpec {
  readonly level: Level;
}

/** Every event of a sidecar. `{field}` in a sentence is that field. */
export const SIDECAR_EVENTS = {
  registered: {
    level: 'info',
    sentence: 'registered {service} at {address} with server {server}',
    besides: ['port'],
  },
  lost: { level: 'warn', sentence: 'lost server {server}: {reason}' },
  refused: { level: 'error', sentence: 'server {server} refused: {reason}' },
  'refused-by-all': {
    level: 'error',
    sentence: 'every server refused, and nothing is registered: {reason}',
  },
  'no-server': {
    level: 'warn',
    sentence: 'registered with no server for {seconds} s now, and still trying; {hint}',
  },
  denied: {
    level: 'warn',
    sentence: 'registered with no server for {seconds} s now; {server}: {reason}; {hint}',
  },
  'no-answer': {
    level: 'warn',
    sentence: 'registered with no server for {seconds} s now; waiting for an answer from {address}',
  },
  'not-ready': {
    level: 'warn',
    sentence: '{service} is not registered yet, {seconds} s after the start: {reason}',
  },
  'not-ready-in-time': {
    level: 'error',
    sentence: '{service} was not ready in time and is given up: {reason}',
  },
  'port-taken': {
    level: 'warn',
    sentence: sentence(
      '{holder} answers at port {port} before the command starts: {service} is not registered as long ',
      'as only that program answers there',
    ),
  },
  'held-elsewhere': {
    level: 'info',
    sentence:
      '{holder} answers at port {port} for {service}: the answer counts, though the command did not start it',
  },
  unhealthy: { level: 'warn', sentence: '{service} is unhealthy, deregistering it: {reason}' },
  healthy: { level: 'info', sentence: '{service} is healthy again' },
  'services-reread': {
    level: 'info',
    sentence: 'the file was read again: it has {services} services',
  },
  'services-refused': {
    level: 'error',
    sentence: 'the file was read again and is not used, the services stay as they are: {reason}',
  },
  deregistering: { level: 'info', sentence: 'deregistering {service}: {cause}' },
  'command-not-started': { level: 'error', sentence: 'cannot start {command}: {reason}' },
  'command-signalled': { level: 'info', sentence: 'sending {signal} to the command' },
  'command-killed': {
    level: 'warn',
    sentence: 'the command still runs {milliseconds} ms after {signal}; sending SIGKILL',
  },
  'left-behind': {
    level: 'warn',
    sentence: 'the command has ended and left behind {processes}; sending SIGTERM',
  },
  'left-behind-killed': {
    level: 'warn',
    sentence:
      'what was left behind still runs after {milliseconds} ms: {processes}; sending SIGKILL',
  },
  'catalogue-given-up': {
    level: 'error',
    sentence: 'this is a bug in rarangi: {reason}; the command runs on, unregistered',
  },
} as const satisfies Readonly<Record<string, EventSpec>>;

/** The name of a sidecar's event. */
export type SidecarEventName = keyof typeof SIDECAR_EVENTS;

/** What an event carries: the fields of its sentence. */
export type EventFields<E extends SidecarEventName> = FieldsOf<(typeof SIDECAR_EVENTS)[E]>;

/** Something the operator should know. */
export interface SidecarEvent {
  readonly event: SidecarEventName;
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/** Tells the operator. */
export type TellOperator = <E extends SidecarEventName>(name: E, fields: EventFields<E>) => void;

/** Makes a report that goes to a sink as whole events. */
export function reportTo(sink: (event: SidecarEvent) => void): TellOperator {
  return (event, fields) => {
    const { level, sentence: text } = SIDECAR_EVENTS[event];
    sink({ event, level, message: filledIn(text, fields), fields });
  };
}
