// What must be true of two honest servers, whatever liars say to one of them: their clients are told
// the truth of each other, the servers hold no more than they may, and when the liars are gone
// nothing is left of them. Each verdict throws.

import { deepStrictEqual, fail, ok } from 'node:assert/strict';
import type { State } from '../../src/core/server/state.ts';
import { maxOf } from '../../src/core/server/limits.ts';
import { FRAME_BYTES_MAX, GOODBYES_MAX } from '../../src/protocol/constants.ts';
import type { Neighbourhood, Seat } from './neighbourhood.ts';
import { HOLD_MS } from './neighbourhood.ts';

/** The honest clients are told what is true, and each server is within its bounds. */
export function judge(world: Neighbourhood): void {
  const [one, other] = world.seats;
  judgeAnswer(world, one, other);
  judgeAnswer(world, other, one);
  for (const { server } of world.seats) judgeSize(server.state);
}

/** All liars leave, and what was cut is whole again: soon nothing is left of either. */
export function judgeAftermath(world: Neighbourhood): void {
  if (world.isCut) world.cut(false);
  for (const connection of [...world.liars]) world.happen(connection, 'closed');
  world.passUntil(HOLD_MS + AFTERMATH_MS, () => world.seats.every(isClean));
  judge(world);
  for (const { server, address } of world.seats) {
    const { origins, catalogue, view, links, sessions } = server.state;
    const { isComplete, missing } = view;
    const known = [...origins.values()].map(({ log }) => log.facts.name).join();
    const { live, stale } = catalogue.counts;
    const told = `${String(live)} live, ${String(stale)} stale, missing ${missing.join() || 'none'}`;
    const sizes = `${String(links.size)} links, ${String(sessions.size)} sessions`;
    const isLeft = world.seats.every(isClean) && sessions.size === 1 && isComplete;
    ok(isLeft, `what is left at ${address}: ${known}; ${told}; ${sizes}`);
  }
}

/** Whether a server knows of nothing but what is honest. */
function isClean({ server }: Seat): boolean {
  const { origins, catalogue, view, links } = server.state;
  const { live, stale } = catalogue.counts;
  return view.isComplete && origins.size === 2 && links.size === 1 && live === 2 && stale === 0;
}

function judgeAnswer(world: Neighbourhood, seat: Seat, other: Seat): void {
  const answers = world.answerAt(seat);
  const last = answers.at(-1) ?? fail(`${seat.address} does not answer`);
  ok(!last.more, 'an answer has no end');
  const rows = answers.flatMap(({ instances }) => instances);
  const isWhole = world.nowMs - world.wholeMs >= WHOLE_MS;
  for (const { registration } of isWhole ? [seat, other] : [seat]) {
    const row = rows.find((one) => one.registration.instance === registration.instance);
    if (row === undefined) fail(`${seat.address} has lost what ${registration.instance} is`);
    deepStrictEqual(row.registration, registration, 'what an honest client has registered');
    deepStrictEqual(row.state, 'live');
  }
}

function judgeSize(state: State): void {
  for (const [what, size, most] of sizesOf(state)) {
    ok(size <= most, `${what}: ${String(size)}, where ${String(most)} are the bound`);
  }
}

/** Something that is counted, how much there is of it, and the most that may be. */
export type Size = readonly [what: string, size: number, most: number];

/** All that a server keeps and others may make grow. */
export function sizesOf(state: State): readonly Size[] {
  const { options, clients, reach, past, addresses, life, linking, view } = state;
  return [
    ['bytes of sessions', clients.held.bytes, maxOf(options, 'bytes')],
    ['bytes of logs', reach.heldByLogs.bytes, maxOf(options, 'bytes-of-logs') + FRAME_BYTES_MAX],
    ['origins', state.origins.size, ORIGINS_MAX],
    ['origins named', reach.unheard.size, ORIGINS_MAX],
    ['goodbyes', past.goodbyes.size, GOODBYES_MAX],
    ['owners', clients.owners.size, maxOf(options, 'registrations')],
    ['addresses of masters', addresses.masters.size, 256],
    ['lost addresses', addresses.lost.size, 256],
    ['targets', linking.targets.size, 1_024],
    ['tokens', life.forgetTokens.size, 1_024],
    ['removals', clients.removals.size, 4_096],
    ['bytes of removals', clients.heldByRemovals.bytes, 4 * 1_024 * 1_024],
    ['ended', past.ended.size, 16_384],
    ['gone', past.gone.size, 1_024],
    ['barred', life.barred.size, 1_024],
    ['vanished', clients.vanished.size, 1_000],
    ['paces', linking.pacesTold.size, 1_024],
    ['missing', view.missing.length, 256],
    ['unspoken', reach.unspoken.size, state.origins.size],
  ];
}

/** A limit is looked at after a message, which may name as many as fit a frame. */
const ORIGINS_MAX = 65_536 + 62_000;

/** How long two servers need to have told each other all, after they are linked. */
const WHOLE_MS = 1_000;

/** Graces, a dial again, and the doubts about what was held by who has left. */
const AFTERMATH_MS = 45_000;
