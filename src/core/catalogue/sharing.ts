// Values that many registrations have in common are kept once: names, schemes, addresses, tags,
// lists of tags. For a hundred thousand registrations they would otherwise be most of the memory.
// Measured by `npm run bench sync`. The invariant: a shared value equals the given one. Sharing is
// best effort: a pool holds no more than its bound, and a full one is cleared.

import type { InstanceId } from '../../protocol/ids.ts';
import type { Registration, Tag } from '../../protocol/records.ts';

/** Equal values, once. It remembers a bounded number of them, none with a long key. */
export class Pool<T> {
  readonly #known = new Map<string, T>();

  /** The known value of this key; else this one, which is known from now on. */
  one(key: string, make: () => T): T {
    let value = this.#known.get(key);
    if (value !== undefined) return value;
    value = make();
    if (key.length > KEY_CHARACTERS_MAX) return value;
    if (this.#known.size >= POOL_MAX) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }

  get size(): number {
    return this.#known.size;
  }
}

/** The parts of registrations. */
export class Sharing {
  readonly #words = new Pool<string>();
  // There are many more addresses than words, and those of one host come together.
  readonly #addresses = new Pool<string>();
  readonly #tags = new Pool<Tag>();
  readonly #tagLists = new Pool<readonly Tag[]>();

  /**
   * The same registration, made of shared parts; its id as it is known already. Written out field by
   * field: an object that is filled key by key takes twice the memory.
   */
  registration(given: Registration, instance: InstanceId): Registration {
    const { revision, service, address, port, scheme, tags } = given;
    return {
      instance,
      revision,
      service: this.#word(service),
      address: this.#addresses.one(address, () => address),
      port,
      scheme: scheme === null ? null : this.#word(scheme),
      tags: this.#tagList(tags),
    };
  }

  #word<T extends string>(word: T): T {
    return this.#words.one(word, () => word) as T;
  }

  #tagList(tags: readonly Tag[]): readonly Tag[] {
    return this.#tagLists.one(keyOfTags(tags), () => tags.map((tag) => this.#tag(tag)));
  }

  #tag({ key, value }: Tag): Tag {
    return this.#tags.one(`${key}=${value}`, () => ({ key: this.#word(key), value }));
  }
}

/** No key has `=` in it, and no value a line end. */
function keyOfTags(tags: readonly Tag[]): string {
  let text = '';
  for (const { key, value } of tags) text += `${key}=${value}\n`;
  return text;
}

/** Whether two records of an instance say the same. */
export function isEqual(one: Registration, other: Registration): boolean {
  const { revision, service, address, port, scheme, tags } = one;
  if (revision !== other.revision || service !== other.service || port !== other.port) return false;
  if (address !== other.address || scheme !== other.scheme) return false;
  const isSame = (tag: Tag, index: number): boolean =>
    tag.key === other.tags[index]?.key && tag.value === other.tags[index].value;
  return tags.length === other.tags.length && tags.every(isSame);
}

/** The services of an environment, and the tags that a deploy has in common. */
const POOL_MAX = 4_096;

/** Many registrations hardly share a long value: a full pool takes a megabyte or two. */
const KEY_CHARACTERS_MAX = 256;
