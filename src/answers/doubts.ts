// What a certain "none" cannot know, in words for people and as plain records. A host that is cut
// off alone looks like one that crashed, and its services may still run. The invariant: doubts
// stand only beside a "none" of a complete view; any other answer speaks for itself.

import type { Doubts } from '../protocol/records.ts';

/** Hosts whose services may run although no server in reach knows of them. */
export interface DoubtsInfo {
  /** Hosts that were lost without a goodbye, and when they were last in reach. */
  readonly lost: readonly { readonly host: string; readonly agoMs: number }[];
  /** Hosts named by `--peer` that have not answered since the start of the server. */
  readonly unanswered: readonly string[];
}

/** The doubts beside a "none"; nothing where there are none. */
export function doubtsInfoOf(said: Doubts | undefined): { readonly doubts?: DoubtsInfo } {
  if (said === undefined) return {};
  return {
    doubts: { lost: said.lost.map((one) => ({ ...one })), unanswered: [...said.unanswered] },
  };
}

/** The doubts of an answer that has nothing: only a complete view knows that there is none. */
export function doubtsBeside(answer: {
  readonly complete: boolean;
  readonly doubts?: Doubts | undefined;
}): { readonly doubts?: DoubtsInfo } {
  return answer.complete ? doubtsInfoOf(answer.doubts) : {};
}

/** The same in words: `none in reach; h3 was lost 12 s ago`. */
export function doubtsText({ lost, unanswered }: DoubtsInfo): string {
  const gone = lost.map(({ host, agoMs }) => `${host} was lost ${agoText(agoMs)}`);
  const silent = unanswered.map(
    (host) => `${host}, named by --peer, has not answered since the start`,
  );
  return ['none in reach', ...(gone.length > 0 ? [gone.join(', ')] : []), ...silent].join('; ');
}

/** How long ago: `12 s ago`, `5 min ago`. */
export function agoText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 120) return `${String(seconds)} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${String(minutes)} min ago` : `${String(Math.floor(minutes / 60))} h ago`;
}
