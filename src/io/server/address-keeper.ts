// Keeps a server at the address that it advertises. Addresses come and go while it runs: a lease
// ends, an interface goes down. The invariant: as long as the server runs, the addresses that it
// has bound and that it advertises belong to this machine, or its core has been told that they do
// not.

import { isIP } from 'node:net';

import type { Notice } from '../../core/notices.ts';
import {
  formatAddress,
  hostIn,
  isLoopback,
  isWildcard,
  parseHostPort,
} from '../machine/addresses.ts';
import { firstAddressOf, isHere, isInterface } from '../machine/interfaces.ts';
import { reasonOf } from '../machine/reasons.ts';
import type { Accept, Listener, Runtime } from '../machine/runtime.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { ServeSettings } from './serve-options.ts';

/** The interfaces whose first addresses are bound and advertised; null where it is an address. */
export interface FollowedAddress {
  readonly bind: string | null;
  readonly advertise: string | null;
}

/**
 * Puts addresses in the place of interfaces, and says which they were. Throws RARANGI_USAGE, with
 * EADDRNOTAVAIL as its cause, where an interface has none.
 */
export function followedOf(settings: ServeSettings): [settings: ServeSettings, FollowedAddress] {
  const { bind, advertise } = settings;
  const followed = { bind: interfaceOf(bind.host), advertise: interfaceOf(advertise?.host) };
  const given = {
    bind: { ...bind, host: hostOf(followed.bind, bind.host) },
    advertise:
      advertise === null
        ? null
        : { ...advertise, host: hostOf(followed.advertise, advertise.host) },
  };
  return [{ ...settings, ...given }, followed];
}

function interfaceOf(host: string | undefined): string | null {
  return host !== undefined && isIP(host) === 0 && isInterface(host) ? host : null;
}

function hostOf(followed: string | null, given: string): string {
  if (followed === null) return given;
  const address = firstAddressOf(followed);
  if (address !== null) return address;
  throw RarangiError.usage(
    `the interface ${followed} has no address`,
    'give the interface an address, or name another interface',
    Object.assign(new Error('no address'), { code: 'EADDRNOTAVAIL' }),
  );
}

function addressOf(name: string | null): string | null {
  return name === null ? null : firstAddressOf(name);
}

/** Where a server is, as far as others are concerned. */
export interface AddressStanding {
  readonly address: string;
  readonly isHere: boolean;
  readonly siblings: readonly string[];
}

/** What a keeper is told. */
export interface AddressKeeperOptions {
  readonly followed: FollowedAddress;
  readonly listener: Listener;
  /** The address that was advertised at the start. */
  readonly address: string;
  readonly siblings: readonly string[];
  readonly accept: Accept;
  readonly runtime: Pick<Runtime, 'listen'>;
  /** Called when its address has changed. */
  readonly onChange: (standing: AddressStanding) => void;
  /** Called when another listener is bound. */
  readonly onListener: (listener: Listener) => void;
  readonly onNotice: (notice: Notice) => void;
}

/** Looks after the addresses of one server until it is closed. */
export class AddressKeeper {
  readonly #options: AddressKeeperOptions;
  readonly #timer: NodeJS.Timeout;
  /** Whether the advertised address belonged to this machine at the start. */
  readonly #isOwn: Promise<boolean>;
  #listener: Listener;
  #told: AddressStanding;
  #toldReason: string | null = null;
  #isClosed = false;
  #isLooking = false;

  constructor(options: AddressKeeperOptions) {
    this.#options = options;
    const { listener, address, siblings } = options;
    this.#listener = listener;
    this.#told = { address, isHere: true, siblings };
    this.#isOwn = isHere(hostIn(address));
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Accepts nothing more, and stops looking. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#listener.close();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const isBound = await this.#follow();
      const now = await this.#standing(isBound);
      if (!this.#isClosed) this.#tell(now);
    } finally {
      this.#isLooking = false;
    }
  }

  /**
   * Binds the interface's present address; says whether the bound address belongs to this machine.
   */
  async #follow(): Promise<boolean> {
    const { followed, runtime, accept, onListener } = this.#options;
    const { host, port } = parseHostPort(this.#listener.address, 'bound address');
    // While its interface has no address, the bound one may be there still: see interfaces.ts.
    const wanted = addressOf(followed.bind) ?? host;
    if (wanted === host) return isWildcard(host) || (await isHere(host));
    let listener: Listener;
    try {
      listener = await runtime.listen(formatAddress(wanted, port ?? 0));
    } catch (error) {
      this.#tellFailure(formatAddress(wanted, port ?? 0), reasonOf(error));
      return false;
    }
    if (this.#isClosed) {
      listener.close();
      return false;
    }
    this.#listener.close();
    this.#listener = listener;
    this.#toldReason = null;
    listener.accept(accept);
    onListener(listener);
    return true;
  }

  /** Somebody else has the port there, or the address has gone again: each look tries anew. */
  #tellFailure(address: string, reason: string): void {
    if (this.#toldReason === reason) return;
    this.#toldReason = reason;
    this.#options.onNotice({ name: 'not-followed', fields: { address, reason } });
  }

  async #standing(isBound: boolean): Promise<AddressStanding> {
    const { followed, siblings } = this.#options;
    const [bound, was] = [this.#listener.address, this.#options.listener.address];
    const { address: before } = this.#told;
    const name = followed.advertise;
    const host = addressOf(name) ?? hostIn(before);
    const port = parseHostPort(before, 'advertised address').port ?? 0;
    const isAsBound = name === null && this.#options.address === was;
    const address = isAsBound ? bound : formatAddress(host, port);
    const isAdvertised = isAsBound || !(await this.#isOwn) || (await isHere(host));
    return {
      address,
      isHere: isBound && isAdvertised,
      siblings: siblings.map((sibling) => moved(sibling, { from: hostIn(was), to: hostIn(bound) })),
    };
  }

  #tell(now: AddressStanding): void {
    if (now.address === this.#told.address && now.isHere === this.#told.isHere) return;
    this.#told = now;
    this.#options.onChange(now);
  }
}

/** The sibling is where this server is, at its own port. */
function moved(sibling: string, { from, to }: { from: string; to: string }): string {
  if (sibling.includes('/') || hostIn(sibling) !== from || isLoopback(from)) return sibling;
  return formatAddress(to, parseHostPort(sibling, 'sibling').port ?? 0);
}

const LOOK_MS = 2_000;
