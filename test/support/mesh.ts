// A server among neighbours that fall silent and come back.

import type { ConnectionId } from '../../src/core/input.ts';
import { down, originOf, put, ServerStage, up } from './server-stage.ts';

/** A server with neighbours on hosts of their own, linked to each other; each holds one instance. */
export function mesh(digits: string): { stage: ServerStage; links: Record<string, ConnectionId> } {
  const stage = new ServerStage();
  const links: Record<string, ConnectionId> = {};
  for (const digit of digits) {
    links[digit] = stage.neighbour(digit, {}, digits.replace(digit, ''));
    stage.tell(links[digit], digit, put(digit));
  }
  stage.pass(6_000);
  stage.takeNotices();
  return { stage, links };
}

/** Neighbours fall silent at this end and at the ends of those that stay. */
export function silence(
  stage: ServerStage,
  links: Record<string, ConnectionId>,
  digits: string,
): void {
  for (const digit of digits) stage.hush(links[digit]!);
  stage.pass(1_200);
  const staying = Object.keys(links).filter((digit) => !digits.includes(digit));
  for (const reporter of staying) {
    for (const digit of digits) stage.tell(links[reporter]!, reporter, down(digit, 'silent'));
  }
}

/** The third neighbour reaches another one again, and offers it. */
export function comeBack(
  stage: ServerStage,
  links: Record<string, ConnectionId>,
  digit: string,
): void {
  stage.tell(links['3']!, '3', up(digit));
  const lines = [{ origin: originOf(digit), sequence: stage.sequenceOf(digit) }];
  stage.hear(links['3']!, { kind: 'offer', lines });
}
