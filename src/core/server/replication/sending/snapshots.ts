// Snapshots on their way out, for logs whose tail no longer reaches back to the cursor. The
// invariants: one is on its way on a link at a time, with the state of its log when it began; and
// the cursor moves when the last part has left.

import { FRAME_BYTES_TARGET } from '../../../../protocol/constants.ts';
import type { OriginId } from '../../../../protocol/ids.ts';
import { taken } from '../../../../protocol/many.ts';
import type { MessageOf } from '../../../../protocol/messages.ts';
import type { Registration } from '../../../../protocol/records.ts';
import * as records from '../../../../protocol/records.ts';
import { originId } from '../../../../protocol/scalars.ts';
import type { Link } from '../../entities.ts';
import type { State } from '../../state.ts';
import type { Outgoing, Progress } from '../progress.ts';
import { flushBy } from '../replication.ts';

/**
 * Snapshots, until a frame would be full: one after the other, in parts where they are large. A fleet
 * has thousands of small ones, and a turn for each would take longer than all of their bytes.
 */
export function sendSnapshots(state: State, link: Link): void {
  const { progress } = link;
  let bytes = 0;
  while (bytes < FRAME_BYTES_TARGET) {
    progress.outgoing ??= nextOutgoing(state, progress);
    if (progress.outgoing === null) return;
    bytes += sendPart(state, link, progress.outgoing);
  }
  flushBy(state, state.nowMs);
}

/** Sends the next part of a snapshot; returns its approximate bytes. */
function sendPart(state: State, { connection, progress }: Link, outgoing: Outgoing): number {
  const origin = state.origins.get(outgoing.origin);
  if (origin?.standing !== 'reachable') {
    progress.outgoing = null;
    return 0;
  }
  const { links, registrations, bytes } = takePart(outgoing);
  const isLast =
    outgoing.linkIndex >= outgoing.links.length && outgoing.index >= outgoing.registrations.length;
  state.out.send(connection.id, {
    kind: 'snapshot',
    origin: outgoing.origin,
    sequence: outgoing.sequence,
    part: outgoing.part,
    facts: origin.log.facts,
    links,
    registrations,
    more: !isLast,
    ...(outgoing.part === 0 && firstOf(outgoing)),
  });
  outgoing.part += 1;
  if (isLast) {
    state.tally.add('snapshots', ['out']);
    progress.setCursor(outgoing.origin, outgoing.sequence);
    // Entries that are new meanwhile go out with the next turn.
    progress.look(outgoing.origin, { isOffered: false });
    flushBy(state, state.nowMs);
    progress.outgoing = null;
  }
  return records.facts.bytes(origin.log.facts) + bytes;
}

/** The fields that only the first part has. */
function firstOf({ missing, isBare }: Outgoing): Partial<MessageOf<'snapshot'>> {
  const told = { missing: missing.hosts, missingCount: missing.count };
  return isBare ? { ...told, bare: true } : told;
}

function nextOutgoing(state: State, progress: Progress): Outgoing | null {
  for (const id of progress.takeSnapshots()) {
    const origin = state.origins.get(id);
    if (origin?.standing !== 'reachable' || progress.modeAt(origin.slot) === 'lazy') continue;
    const { log } = origin;
    if (progress.cursorAt(origin.slot) >= log.sequence) continue;
    const registrations = [...log.registrations.values()];
    const links = [...log.links];
    const { sequence, missing, isBare } = log;
    const outgoing = { origin: id, sequence, links, registrations, missing, isBare };
    return { ...outgoing, linkIndex: 0, index: 0, part: 0 };
  }
  return null;
}

interface Part {
  readonly links: readonly OriginId[];
  readonly registrations: readonly Registration[];
  readonly bytes: number;
}

function takePart(outgoing: Outgoing): Part {
  const { linkIndex, index } = outgoing;
  const links = taken(outgoing.links, linkIndex, LINKS_PART);
  const registrations = taken(outgoing.registrations, index, REGISTRATIONS_PART);
  outgoing.linkIndex = links.end;
  outgoing.index = registrations.end;
  return {
    links: outgoing.links.slice(linkIndex, links.end),
    registrations: outgoing.registrations.slice(index, registrations.end),
    bytes: links.bytes + registrations.bytes,
  };
}

/** The slice of each list that is sent in one part. */
const bytesMax = FRAME_BYTES_TARGET;
const LINKS_PART = { bytesOf: originId.bytes, bytesMax };
const REGISTRATIONS_PART = { bytesOf: records.registration.bytes, bytesMax };
