// The logs of a large simulation. An origin's log up to a sequence is the same at every server,
// because the origin alone writes it; so two thousand servers need not keep it two thousand times.
// Each moment of a log is kept once, and a server keeps which moment it is at and where its tail
// begins. The invariant: a moment is never changed; a later state is another moment.

import type { InstanceId, OriginId } from '../../../src/protocol/ids.ts';
import type { Entry, Facts, Registration } from '../../../src/protocol/records.ts';
import type { Log, LogState, Missing } from '../../../src/core/server/origins/log.ts';
import { OriginLog } from '../../../src/core/server/origins/log.ts';

/** A log at a sequence. */
interface Moment {
  readonly sequence: number;
  readonly facts: Facts;
  readonly hash: number;
  readonly links: Set<OriginId>;
  readonly registrations: Map<InstanceId, Registration>;
  readonly missing: Missing;
  readonly bytes: number;
}

/** All entries of one origin, and its state at each sequence. */
interface History {
  readonly origin: OriginId;
  readonly entries: Entry[];
  readonly moments: Moment[];
}

/** The histories of all origins. */
export class Archive {
  readonly #histories = new Map<OriginId, History>();

  /** A log of which nothing is known yet. */
  createLog(origin: OriginId, facts: Facts): Log {
    let history = this.#histories.get(origin);
    if (history === undefined) {
      history = { origin, entries: [], moments: [beginning(new OriginLog(origin, facts))] };
      this.#histories.set(origin, history);
    }
    return new SharedLog(history);
  }
}

/** A server's place in a history. */
class SharedLog implements Log {
  /** No log of a simulation is as large as that. */
  readonly isBare = false;
  readonly #history: History;
  #moment: Moment;
  /** The sequence after which its entries are known. */
  #tailStart = 0;

  constructor(history: History) {
    this.#history = history;
    this.#moment = momentOf(history, 0);
  }

  get origin(): OriginId {
    return this.#history.origin;
  }

  get sequence(): number {
    return this.#moment.sequence;
  }

  get facts(): Facts {
    return this.#moment.facts;
  }

  get hash(): number {
    return this.#moment.hash;
  }

  get links(): Set<OriginId> {
    return this.#moment.links;
  }

  get registrations(): Map<InstanceId, Registration> {
    return this.#moment.registrations;
  }

  get bytes(): number {
    return this.#moment.bytes;
  }

  get missing(): Missing {
    return this.#moment.missing;
  }

  apply(entry: Entry): void {
    const { entries, moments } = this.#history;
    const { sequence } = this.#moment;
    if (moments.length === sequence + 1) {
      entries.push(entry);
      moments.push(after(this.#history, this.#moment, entry));
    } else if (entries[sequence] !== entry) {
      throw new Error(`two entries ${String(sequence + 1)} of one origin`);
    }
    this.#moment = momentOf(this.#history, sequence + 1);
  }

  replace({ sequence }: LogState): void {
    this.#moment = momentOf(this.#history, sequence);
    this.#tailStart = sequence;
  }

  entriesAfter(sequence: number): readonly Entry[] | undefined {
    const isKnown = sequence >= Math.max(this.#tailStart, this.sequence - TAIL_ENTRIES);
    return isKnown ? this.#history.entries.slice(sequence, this.sequence) : undefined;
  }
}

function beginning(log: OriginLog): Moment {
  const { sequence, facts, hash, missing, bytes, links, registrations } = log;
  return { sequence, facts, hash, missing, bytes, links, registrations };
}

function momentOf({ moments }: History, sequence: number): Moment {
  const moment = moments[sequence];
  if (moment === undefined) throw new RangeError(`no log is at ${String(sequence)} yet`);
  return moment;
}

/** The log itself says what an entry makes of it; what the entry leaves alone is kept once. */
function after({ origin }: History, before: Moment, entry: Entry): Moment {
  const log = new OriginLog(origin, before.facts);
  for (const peer of before.links) log.links.add(peer);
  for (const [id, registration] of before.registrations) log.registrations.set(id, registration);
  log.sequence = before.sequence;
  log.hash = before.hash;
  log.missing = before.missing;
  log.bytes = before.bytes;
  log.apply(entry);
  const isOfLink = entry.kind === 'up' || entry.kind === 'down';
  const isOfInstance = entry.kind === 'put' || entry.kind === 'delete';
  return {
    sequence: log.sequence,
    facts: log.facts,
    hash: log.hash,
    missing: log.missing,
    bytes: log.bytes,
    links: isOfLink ? log.links : before.links,
    registrations: isOfInstance ? log.registrations : before.registrations,
  };
}

/** About as many as a real log keeps. */
const TAIL_ENTRIES = 1_024;
