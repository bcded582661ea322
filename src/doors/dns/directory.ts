// Finds a service by its name in DNS: letters have no case, and hyphens may stand for the
// underscores that Java and browsers refuse. The invariant: a name leads to one service or to none;
// if two could be meant, the answer does not guess.

import { LABEL_BYTES_MAX } from './codes.ts';
import { unsayableOf } from './names.ts';
import { severalError } from './view.ts';

/** The result for a name. `part`: only longer names end with it. */
export type Found =
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'several'; readonly names: readonly string[] }
  | { readonly kind: 'part' | 'none' };

/** The names of services in DNS. */
export class DnsNames {
  /** By the name in lower case, and by the same with hyphens. */
  readonly #bySpelling = new Map<string, string[]>();
  readonly #byHyphens = new Map<string, string[]>();
  readonly #ends = new Set<string>();
  readonly #bytesLeft: number;

  /** `bytesLeft`: the bytes that a name may have left of the zone. */
  constructor(services: Iterable<string>, bytesLeft: number) {
    this.#bytesLeft = bytesLeft;
    for (const service of services) {
      if (unsayableOf(service, bytesLeft) === null) this.#add(service);
    }
  }

  /** Looks up a name in lower case. */
  find(asked: string): Found {
    const names = this.#bySpelling.get(asked) ?? this.#byHyphens.get(asked);
    if (names === undefined) return { kind: this.isPart(asked) ? 'part' : 'none' };
    const [only] = names;
    if (only !== undefined && names.length === 1) return { kind: 'service', name: only };
    const plain = hyphened(asked);
    return names.includes(plain) ? { kind: 'service', name: plain } : { kind: 'several', names };
  }

  /** Why its own name does not lead to a service; null if it does. */
  unnamedBecause(service: string): string | null {
    const reason = unsayableOf(service, this.#bytesLeft);
    if (reason !== null) return reason;
    const spelling = service.toLowerCase();
    const found = this.find(spelling);
    if (found.kind === 'several') return severalError(spelling, found.names).text;
    const isOther = found.kind === 'service' && found.name !== service;
    return isOther ? `${spelling} is service ${found.name} there` : null;
  }

  /** Whether the name of a service ends with this, behind a dot. */
  isPart(asked: string): boolean {
    return this.#ends.has(asked);
  }

  /** The names that DNS-SD may browse: each name in lower case that leads to a service, once. */
  spellings(): string[] {
    return [...this.#bySpelling.keys()].filter(
      (spelling) => isLabel(`_${spelling}`) && this.find(spelling).kind === 'service',
    );
  }

  /**
   * The name of a service where only letters, digits and hyphens are allowed; its own name in lower
   * case if another service has that one.
   */
  hostNameOf(service: string): string {
    const spelling = service.toLowerCase();
    const hyphens = hyphened(spelling);
    const found = this.find(hyphens);
    return found.kind === 'service' && found.name === service ? hyphens : spelling;
  }

  #add(service: string): void {
    const spelling = service.toLowerCase();
    const hyphens = hyphened(spelling);
    join(this.#bySpelling, spelling, service);
    join(this.#byHyphens, hyphens, service);
    for (const name of new Set([spelling, hyphens])) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        this.#ends.add(name.slice(dot + 1));
      }
    }
  }
}

/** Whether DNS can still express its first part with an underscore before it. */
function isLabel(name: string): boolean {
  return (name.split('.')[0] ?? '').length <= LABEL_BYTES_MAX;
}

function hyphened(name: string): string {
  return name.replaceAll('_', '-');
}

function join(into: Map<string, string[]>, key: string, service: string): void {
  const names = into.get(key);
  if (names === undefined) into.set(key, [service]);
  else names.push(service);
}
