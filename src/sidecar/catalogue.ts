// The sidecar's side of the catalogue: one offer, made when it is time and given up when it is
// time. The invariant: nothing here throws at the command's expense: what the catalogue refuses or
// loses becomes an event, and a registration that is given up stays so.

import {
  type Client,
  type ClientOptions,
  connect,
  type Offer,
  type RegistrationHandle,
} from '../index.ts';
import type { Report } from './events.ts';

/** What a sidecar registers, and where. */
export interface SidecarOptions {
  readonly client: ClientOptions;
  readonly offer: Offer;
  readonly report: Report;
}

/** One offer to the catalogue. */
export interface Catalogue {
  /** Resolves with the reason once every server has refused. */
  readonly refusedByAll: Promise<string>;
  /** Makes the offer; from now on it is kept up until it is given up. Throws RARANGI_USAGE. */
  register(): void;
  /** Whether the offer is being made. */
  isRegistered(): boolean;
  /** Takes the offer back: resolves when every server of the host knows, after 2 s at most. */
  giveUp(): Promise<void>;
  /** Takes the offer back and closes every session. */
  close(): Promise<void>;
}

/** Connects to every server of the host, for ever. Throws RARANGI_USAGE. */
export function openCatalogue({ client: options, offer, report }: SidecarOptions): Catalogue {
  const client = connect({ ...options, isSidecar: true });
  let handle: RegistrationHandle | null = null;
  reportEvents(client, offer, report);
  const refusedByAll = new Promise<string>((resolve) => {
    client.on('refused-by-all', ({ reason }) => {
      report('refused-by-all', { service: offer.name, reason });
      resolve(reason);
    });
  });
  const giveUp = async (): Promise<void> => {
    const given = handle;
    handle = null;
    await given?.close();
  };
  return {
    refusedByAll,
    register: () => {
      handle = client.register(offer);
      // Its failures arrive as events.
      handle.registered.catch(() => undefined);
    },
    isRegistered: () => handle !== null,
    giveUp,
    close: async () => {
      await giveUp();
      await client.close();
    },
  };
}

function reportEvents(client: Client, offer: Offer, report: Report): void {
  const { name: service, port } = offer;
  client.on('registered', ({ server }) => {
    report('registered', { service, server, address: placeOf(offer), port });
  });
  client.on('lost', ({ server, reason }) => {
    report('lost', { server, reason });
  });
  client.on('refused', ({ server, reason }) => {
    report('refused', { service, server, reason });
  });
}

function placeOf({ address, port }: Offer): string {
  if (address === undefined) return `port ${String(port)}`;
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}
