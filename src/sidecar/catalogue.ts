// The sidecar's side of the catalogue: sessions with every server of the host, and the offers on
// them. The invariant: no error here harms the command: a refusal or a loss becomes an event, and a
// registration that is given up stays given up.

import { type Client, type ClientOptions, connect, type Offer, RarangiError } from '../index.ts';
import { Absence } from './absence.ts';
import type { TellOperator } from './events.ts';

/** One offer, for as long as it is made. */
export interface HeldOffer {
  /** Changes tags and scheme, under the same instance. */
  update(offer: Offer): void;
  /** Takes the offer back: resolves when every server of the host knows, after 2 s at most. */
  giveUp(cause: 'deregistered' | 'unhealthy', detail: string): Promise<void>;
}

/** Why no server accepts us, or an offer, and what to do. */
export interface RefusedByAll {
  readonly reason: string;
  readonly hint: string;
}

/** All servers of the host, as one. */
export interface HostCatalogue {
  /** Resolves once every server has refused us, or an offer. */
  readonly refusedByAll: Promise<RefusedByAll>;
  /** Makes an offer; from now on it is kept up until it is given up. Throws RARANGI_USAGE. */
  register(offer: Offer): HeldOffer;
  /** Takes every offer back and closes every session. */
  close(): Promise<void>;
}

/** Connects to every server of the host, for ever. Throws RARANGI_USAGE. */
export function openCatalogue(options: ClientOptions, report: TellOperator): HostCatalogue {
  const client = connect({ ...options, isSidecar: true });
  const offers = new Map<string, Offer>();
  const look = reportAbsence(client, { options, offers, report });
  reportEvents(client, offers, report);
  let refuse: (refused: RefusedByAll) => void = () => undefined;
  const refusedByAll = new Promise<RefusedByAll>((resolve) => {
    refuse = resolve;
  });
  client.on('refused-by-all', ({ reason, hint }) => {
    report('refused-by-all', { reason });
    refuse({ reason, hint });
  });
  return {
    refusedByAll,
    register: (offer) => {
      const handle = client.register(offer);
      offers.set(handle.instance, offer);
      look();
      // Each server that refused was reported by itself.
      handle.registered.catch((error: unknown) => {
        const isRefused = error instanceof RarangiError && error.code === 'RARANGI_REFUSED';
        if (isRefused) refuse({ reason: error.message, hint: error.hint });
      });
      return {
        update: (changed) => {
          const hadScheme = offers.get(handle.instance)?.scheme !== undefined;
          offers.set(handle.instance, changed);
          const { tags = {}, scheme = hadScheme ? DEFAULT_SCHEME : null } = changed;
          handle.update({ tags, ...(scheme === null ? {} : { scheme }) });
        },
        giveUp: async (cause, detail) => {
          await handle.close(cause, detail);
          offers.delete(handle.instance);
          look();
        },
      };
    },
    close: () => client.close(),
  };
}

function reportEvents(
  client: Client,
  offers: ReadonlyMap<string, Offer>,
  report: TellOperator,
): void {
  client.on('registered', ({ service, server, instance }) => {
    const offer = offers.get(instance);
    if (offer === undefined) return;
    report('registered', { service, server, address: placeOf(offer), port: offer.port });
  });
  client.on('lost', ({ server, reason }) => {
    report('lost', { server, reason });
  });
  client.on('refused', ({ server, reason }) => {
    report('refused', { server, reason });
  });
}

interface Offering {
  readonly options: ClientOptions;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly report: TellOperator;
}

/** Reports while no server holds the offers; call the returned function when the offers change. */
function reportAbsence(client: Client, { options, offers, report }: Offering): () => void {
  const hint = hintWithout(options);
  const absence = new Absence((seconds) => {
    const [denial] = client.denials;
    const [address] = client.contacts;
    if (denial !== undefined) report('denied', { seconds, ...denial });
    else if (address !== undefined) report('no-answer', { seconds, address });
    else report('no-server', { seconds, hint });
  });
  const holders = new Set<string>();
  let isRefused = false;
  const look = (): void => {
    absence.update(offers.size > 0 && holders.size === 0 && !isRefused);
  };
  client.on('registered', ({ server }) => {
    holders.add(server);
    look();
  });
  client.on('lost', ({ server }) => {
    holders.delete(server);
    look();
  });
  client.on('refused-by-all', () => {
    isRefused = true;
    look();
  });
  return look;
}

/** What to do where nobody is. */
function hintWithout({ environment, servers = [] }: ClientOptions): string {
  if (servers.length > 0) return `see whether a server runs at ${servers.join(', ')}`;
  const which = environment === undefined ? '' : ` -e ${environment}`;
  return `start a server with: rarangi serve${which}`;
}

function placeOf({ address, port }: Offer): string {
  if (address === undefined) return `port ${String(port)}`;
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** The scheme that counts where there is none: an update can change a scheme, not remove it. */
const DEFAULT_SCHEME = 'tcp';
