// What is known of a service, a host or an instance, in sentences for people: what is there and
// why, what went and why, what the view lacks, and its name in DNS. The invariant: a sentence says
// what an answer says and no more; what no server knows is left out, or said to be unknown.

import { agoText } from './doubts.ts';
import type { EventInfo } from './history.ts';
import { hostPort } from './instance-text.ts';
import type { GoneInfo, InstanceInfo, PeerInfo } from './shapes.ts';
import { incompleteText, type ViewInfo } from './view.ts';

/** All facts about a name. */
export interface Findings {
  readonly name: string;
  readonly view: ViewInfo;
  /** Of the service of that name, or the instance of that id. */
  readonly instances: readonly InstanceInfo[];
  /** The servers of the host of that name, and those that are gone. */
  readonly servers: readonly PeerInfo[];
  readonly gone: readonly GoneInfo[];
  /** What happened to the service, on the host, or to the instance, the oldest first. */
  readonly events: readonly EventInfo[];
  readonly dns: DnsFinding;
}

/** The name of a service in DNS, why it has none, or why it is not known. */
export type DnsFinding =
  { readonly name: string } | { readonly reason: string } | { readonly doubt: string };

/** The explanation of a name. */
export interface Explanation extends ViewInfo {
  readonly name: string;
  /** The kinds of things with this name; both if a service and a host have it. */
  readonly kinds: ('service' | 'host' | 'instance')[];
  /** Whether it is there now: live, or stale. */
  readonly isThere: boolean;
  readonly sentences: string[];
}

/** Explains a name. */
export function explanationOf(findings: Findings): Explanation {
  const { name, view, instances, servers } = findings;
  const parts = [aboutInstance(findings), aboutService(findings), aboutHost(findings)];
  const known = parts.flatMap((part) => part ?? []);
  const sentences = known.flatMap((part) => part.sentences);
  if (known.length === 0) sentences.push(unknownText(findings));
  if (!view.complete) sentences.push(`${capital(incompleteText(view))}.`);
  return {
    name,
    kinds: known.map(({ kind }) => kind),
    ...view,
    isThere: instances.length > 0 || servers.length > 0,
    sentences,
  };
}

interface Part {
  readonly kind: Explanation['kinds'][number];
  readonly sentences: readonly string[];
}

function unknownText({ name, view }: Findings): string {
  if (!view.complete) return `Cannot tell what ${name} is.`;
  return `${name} is no service, no host and no instance that is known here.`;
}

function aboutInstance({ name, instances, events }: Findings): Part | null {
  const [own] = instances.filter(({ instance }) => instance === name);
  const happened = events.filter(({ instance }) => instance === name);
  const last = happened.at(-1);
  if (own === undefined && last === undefined) return null;
  const what =
    own === undefined
      ? `${name} was ${String(last?.service)}, ${placeOf(last)}.`
      : `${name} is ${own.name}, ${placeOf(own)}: ${own.state}.`;
  return { kind: 'instance', sentences: [what, ...happened.slice(-TOLD_MAX).map(happenedText)] };
}

function happenedText(row: EventInfo): string {
  const at = row.event === 'registered' ? ` at ${row.server}` : '';
  return `${capital(row.event)} ${agoText(row.ageMs)}${at}${becauseText(row)}.`;
}

function aboutService({ name, instances, events, dns }: Findings): Part | null {
  const own = instances.filter((one) => one.name === name);
  const happened = events.filter(({ service }) => service === name);
  if (own.length === 0 && happened.length === 0) return null;
  const removed = removedOf(happened, own);
  return {
    kind: 'service',
    sentences: [
      `${name}: ${countsText(own)}.`,
      ...(own.length > LISTED_MAX ? [] : own.map((one) => thereText(one, happened))),
      ...removed.slice(0, TOLD_MAX).map((row, index) => removedText(row, own.length + index)),
      ...(removed.length > TOLD_MAX
        ? [`${String(removed.length - TOLD_MAX)} more were removed.`]
        : []),
      dnsText(dns),
    ],
  };
}

function dnsText(dns: DnsFinding): string {
  if ('name' in dns) return `In DNS it is ${dns.name}.`;
  if ('reason' in dns) return `It has no name in DNS: ${dns.reason}.`;
  return `Its name in DNS is not known here: ${dns.doubt}.`;
}

function countsText(instances: readonly InstanceInfo[]): string {
  const counts = (['live', 'stale'] as const).flatMap((state) => {
    const own = instances.filter((one) => one.state === state);
    const hosts = [...new Set(own.map(({ host }) => host))].sort();
    const shown = hosts.length > HOSTS_MAX ? [...hosts.slice(0, HOSTS_MAX), '…'] : hosts;
    return own.length === 0 ? [] : [`${String(own.length)} ${state} (${shown.join(', ')})`];
  });
  return counts.length === 0 ? 'no instance is there' : counts.join(', ');
}

/** Why an instance is there, or why it is stale. */
function thereText(one: InstanceInfo, happened: readonly EventInfo[]): string {
  const own = happened.filter(({ instance }) => instance === one.instance);
  const stale = one.state === 'stale' ? own.findLast(({ event }) => event === 'stale') : undefined;
  const place = placeOf(one);
  if (stale !== undefined) {
    return `${place} went stale ${agoText(stale.ageMs)}${becauseText(stale)}.`;
  }
  if (one.state === 'stale') return `${place} is stale.`;
  const since = own.findLast(({ event }) => event === 'registered');
  if (since === undefined)
    return `${place} was registered before the oldest event that this server remembers.`;
  return `${place} was registered ${agoText(since.ageMs)} at ${since.server}.`;
}

/** The last removal of each instance that is not back, the newest first. */
function removedOf(happened: readonly EventInfo[], own: readonly InstanceInfo[]): EventInfo[] {
  const there = new Set(own.map(({ instance }) => instance));
  const removed = new Map<string, EventInfo>();
  for (const row of [...happened].reverse()) {
    const id = row.instance ?? '';
    if (row.event === 'removed' && !there.has(id) && !removed.has(id)) removed.set(id, row);
  }
  return [...removed.values()];
}

function removedText(row: EventInfo, before: number): string {
  const ordinal = ORDINALS[before];
  const which = before === 0 ? 'One' : ordinal === undefined ? 'Another' : `A ${ordinal}`;
  return `${which}, ${placeOf(row)}, was removed ${agoText(row.ageMs)}${becauseText(row)}.`;
}

function aboutHost({ name, servers, gone, events }: Findings): Part | null {
  const own = servers.filter(({ host }) => host === name);
  const lost = gone.filter(({ host }) => host === name);
  const happened = events.filter(({ host }) => host === name);
  if (own.length === 0 && lost.length === 0 && happened.length === 0) return null;
  const removed = happened.filter(({ event }) => event === 'removed');
  const last = removed.at(-1);
  return {
    kind: 'host',
    sentences: [
      own.length === 0
        ? `${name}: no server is there.`
        : `${name}: ${own.map(serverText).join(', ')}.`,
      ...lost.slice(0, TOLD_MAX).map(goneText),
      ...(last === undefined ? [] : [removedThereText(removed.length, last)]),
    ],
  };
}

function serverText({ name, state, registrations }: PeerInfo): string {
  return `${name} is ${state} and holds ${counted(registrations)}`;
}

function counted(registrations: number): string {
  return `${String(registrations)} registration${registrations === 1 ? '' : 's'}`;
}

function goneText({ name, state, agoMs, reason }: GoneInfo): string {
  const because = reason === undefined ? '' : `: ${reason}`;
  return `${name} ${GONE_WORDS[state]}, last in reach ${agoText(agoMs)}${because}.`;
}

function removedThereText(count: number, last: EventInfo): string {
  const what = `${String(last.service)} ${String(last.address)}`;
  const when = `${agoText(last.ageMs)}${becauseText(last)}`;
  if (count === 1) return `One instance was removed there: ${what}, ${when}.`;
  return `${String(count)} instances were removed there, the last one, ${what}, ${when}.`;
}

function placeOf(what: InstanceInfo | EventInfo | undefined): string {
  if (what === undefined) return '';
  const address = 'port' in what ? hostPort(what.address, what.port) : what.address;
  return `${String(address)} on ${what.host}`;
}

function becauseText({ cause, detail }: EventInfo): string {
  const because = [cause, detail].filter((part) => part !== undefined);
  return because.length === 0 ? '' : `: ${because.join(', ')}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const GONE_WORDS = {
  left: 'said goodbye',
  crashed: 'is considered crashed',
  forgotten: 'was forgotten',
  unknown: 'is gone',
} as const satisfies Readonly<Record<GoneInfo['state'], string>>;

const ORDINALS = [
  ...['first', 'second', 'third', 'fourth', 'fifth'],
  ...['sixth', 'seventh', 'eighth', 'ninth', 'tenth'],
];

/** So many removals have a sentence each. */
const TOLD_MAX = 5;
/** So many instances have one. */
const LISTED_MAX = 5;
/** So many hosts are named. */
const HOSTS_MAX = 16;
