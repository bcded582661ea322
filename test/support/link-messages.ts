// A server between two neighbours, and its messages to them, in short: origins by their digit.

import type { ConnectionId } from '../../src/core/input.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { ServerStage } from './server-stage.ts';

/** A server with two neighbours, all that is due sent. */
export function pair(): { stage: ServerStage; one: ConnectionId; two: ConnectionId } {
  const stage = new ServerStage();
  const one = stage.neighbour('1');
  const two = stage.neighbour('2');
  stage.pass(50);
  stage.take(one);
  stage.take(two);
  stage.takeNotices();
  return { stage, one, two };
}

/** The batches that were sent: origin, first sequence and kinds of entries. */
export function batches(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => {
    if (message.kind !== 'entries') return [];
    return message.batches.map(({ origin, first, entries }) => {
      return `${origin.charAt(0)} ${String(first)} ${entries.map(({ kind }) => kind).join()}`;
    });
  });
}

/** The wants: origin and sequence. */
export function wants(messages: readonly Message[]): string[] {
  return lines(messages, 'want');
}

/** The offers: origin and sequence. */
export function offers(messages: readonly Message[]): string[] {
  return lines(messages, 'offer');
}

/** The origins that were pruned from the link. */
export function prunes(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => {
    return message.kind === 'prune' ? message.origins.map((origin) => origin.charAt(0)) : [];
  });
}

function lines(messages: readonly Message[], kind: 'want' | 'offer'): string[] {
  return messages.flatMap((message) => {
    if (message.kind !== kind) return [];
    return message.lines.map(({ origin, sequence }) => `${origin.charAt(0)} ${String(sequence)}`);
  });
}
