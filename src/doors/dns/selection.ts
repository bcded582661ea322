// The instances of a service that a name means, in the order of an answer: live ones or, if there
// is none, stale ones; nearest first, at random within a tier. The invariant: a stale instance
// never stands beside a live one.

import type { Viewpoint } from '../../core/client/matching.ts';
import { nearestFirst } from '../../core/client/matching.ts';
import type { Instance } from '../../protocol/records.ts';
import type { Begun, Qualifier, ServiceSought } from './names.ts';
import { INSTANCE_DIGITS } from './names.ts';
import { lowered, utf8Bytes } from './wire-name.ts';

/** The instances that a name means. */
export interface Selection {
  /** In the order of an answer. All live, or all stale. */
  readonly instances: readonly Instance[];
  readonly isStale: boolean;
  /** There are stale ones, but only live ones were asked for. */
  readonly isOnlyStale: boolean;
  /** None is meant, but the name is a part of others. */
  readonly isPart: boolean;
}

/** Where the server is, and its chance. */
export interface Vantage {
  readonly place: Viewpoint;
  /** From 0 (included) to 1. */
  readonly random: () => number;
}

/** The instances of a service that are meant. */
export function select(
  all: readonly Instance[],
  sought: ServiceSought,
  { place, random }: Vantage,
): Selection {
  const { qualifiers, begun, instance, form } = sought;
  const ofForm = form === 'udp' ? all.filter((each) => schemeOf(each) === 'udp') : all;
  const fitting = ofForm.filter((each) => qualifiers.every((one) => isFitting(each, one)));
  if (begun !== null) return { ...NOTHING, isPart: fitting.some((each) => has(each, begun)) };
  const named = instance === null ? fitting : ofDigits(fitting, instance);
  const live = named.filter(({ state }) => state !== 'stale');
  const wantsLive = qualifiers.some(({ kind }) => kind === 'live');
  const isStale = live.length === 0 && named.length > 0;
  if (wantsLive && isStale) return { ...NOTHING, isOnlyStale: true };
  const chosen = isStale ? named : live;
  const isNear = qualifiers.some(({ kind }) => kind === 'near');
  const instances = nearestFirst(isNear ? nearest(chosen, place) : chosen, place, random);
  const isPart = instances.length === 0 && isEndOfValue(ofForm, qualifiers);
  return { instances, isStale, isOnlyStale: false, isPart };
}

/** 0 on the server's own host, 1 in its cluster, 2 elsewhere. */
export function distanceOf({ host, cluster }: Instance, place: Viewpoint): 0 | 1 | 2 {
  if (host === place.host) return 0;
  return cluster === place.cluster ? 1 : 2;
}

/** The digits that name an instance: as few as distinguish it from the others of its service. */
export function digitsAmong(all: readonly Instance[]): (instance: Instance) => string {
  const counts = new Map<string, number>();
  for (const instance of all) {
    const digits = shortDigits(instance);
    counts.set(digits, (counts.get(digits) ?? 0) + 1);
  }
  return (instance) => {
    const digits = shortDigits(instance);
    return counts.get(digits) === 1 ? digits : instance.registration.instance;
  };
}

function shortDigits({ registration }: Instance): string {
  return registration.instance.slice(0, INSTANCE_DIGITS);
}

/** One, if the digits distinguish it from the others. */
function ofDigits(all: readonly Instance[], digits: string): readonly Instance[] {
  const found = all.filter(({ registration }) => registration.instance.startsWith(digits));
  return found.length === 1 ? found : [];
}

function nearest(instances: readonly Instance[], place: Viewpoint): readonly Instance[] {
  const least = Math.min(...instances.map((each) => distanceOf(each, place)));
  return instances.filter((each) => distanceOf(each, place) === least);
}

function isFitting(instance: Instance, qualifier: Qualifier): boolean {
  if (!('value' in qualifier)) return true;
  return valuesOf(instance, qualifier).includes(qualifier.value);
}

function has(instance: Instance, begun: Begun): boolean {
  return valuesOf(instance, begun).length > 0;
}

/** `com._host.web` is there if `h3.example.com._host.web` is. */
function isEndOfValue(all: readonly Instance[], qualifiers: readonly Qualifier[]): boolean {
  const last = qualifiers.at(-1);
  if (last === undefined || !('value' in last)) return false;
  const others = qualifiers.slice(0, -1);
  return all.some(
    (each) =>
      others.every((one) => isFitting(each, one)) &&
      valuesOf(each, last).some((value) => value.endsWith(`.${last.value}`)),
  );
}

/** The value of an instance for a qualifier, in lower case. */
function valuesOf(
  instance: Instance,
  { kind, key }: { readonly kind: string; readonly key?: string },
): readonly string[] {
  if (kind === 'cluster') return [lowered(instance.cluster)];
  if (kind === 'host') return [lowered(instance.host)];
  if (kind === 'scheme') return [schemeOf(instance)].filter((scheme) => scheme !== null);
  return instance.registration.tags
    .filter((tag) => lowered(tag.key) === key)
    .map((tag) => lowered(utf8Bytes(tag.value)));
}

function schemeOf({ registration }: Instance): string | null {
  return registration.scheme === null ? null : lowered(registration.scheme);
}

const NOTHING = { instances: [], isStale: false, isOnlyStale: false, isPart: false } as const;
