// The status page of a server: the state of the fleet, its hosts, its services, and what happened.
// The invariants: it reads, and cannot write; old data never looks like present data.

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import type { FeedEvent } from '../doors/http/feed.ts';
import { Events } from './events.tsx';
import { type Fleet, NO_FLEET, withEvent } from './fleet.ts';
import { linkBeside, linkWithout, openIn } from './links.ts';
import { durationText, stateSentence } from './sentences.ts';
import { Services } from './services.tsx';
import { Stream } from './stream.ts';
import { Topology } from './topology.tsx';

/** The page. */
export function Page(): JSX.Element {
  const { fleet, heardMs, isLost, nowMs } = useFleet();
  const [chosen, choose] = useChosen();
  const [pointed, setPointed] = useState<string | null>(null);
  useShortcuts();
  const { status, servers, hosts, services, happenings } = fleet;
  const around = pointed ?? chosen.host;
  const linked = useMemo(() => linkedOf({ hosts, servers }, around), [hosts, servers, around]);
  const environment = status?.environment ?? '';
  useEffect(() => {
    document.title = status === null ? 'rarangi' : `${status.state}: rarangi ${environment}`;
  }, [status, environment]);
  return (
    <main class={isLost ? 'lost' : ''} data-environment={environment}>
      <Top fleet={fleet} isLost={isLost} heardMs={heardMs} nowMs={nowMs} />
      <Topology
        hosts={hosts}
        chosen={chosen.host}
        linked={linked}
        onChoose={(host) => {
          choose(host === chosen.host ? linkWithout('host') : linkBeside('host', host));
        }}
        onPoint={setPointed}
      />
      <Services
        services={status === null ? null : services}
        happenings={happenings}
        environment={environment}
        chosen={chosen.service}
        onClose={() => {
          choose(linkWithout('service'));
        }}
      />
      <Events
        fleet={fleet}
        host={chosen.host}
        explained={chosen.explain}
        nowMs={nowMs}
        onChoose={choose}
      />
    </main>
  );
}

interface TopProps {
  readonly fleet: Fleet;
  readonly isLost: boolean;
  readonly heardMs: number;
  readonly nowMs: number;
}

/** The server that is asked, its state, and whether that is present. */
function Top({ fleet, isLost, heardMs, nowMs }: TopProps): JSX.Element {
  const { status, toldMs } = fleet;
  if (status === null) {
    return (
      <header class="top">
        <h1>rarangi</h1>
        <p role="status">{isLost ? 'no server answers, trying again' : 'asking the server'}</p>
      </header>
    );
  }
  const { environment, server, state } = status;
  return (
    <header class="top">
      <h1>
        <span class="environment">{environment}</span> <span class="quiet">at {server.name}</span>
      </h1>
      <p class={`state ${state}`}>{state}</p>
      <p class="sentence" role="status">
        {stateSentence(status, { nowMs, toldMs })}
      </p>
      <p class="liveness">
        {isLost ? `last heard ${durationText(nowMs - heardMs)} ago, trying again` : 'live'}
        <WayOut />
      </p>
    </header>
  );
}

/** A port of a side goes with its server; that of the host stays. */
function WayOut(): JSX.Element {
  const port = /^173[1-4][23]$/.test(location.port) ? `${location.port.slice(0, 4)}8` : null;
  if (port === null) return <></>;
  const url = `${location.protocol}//${location.hostname}:${port}/`;
  return (
    <>
      {' '}
      <a href={url}>the page of this host</a>
    </>
  );
}

/** The hosts at the other ends of the links of a host. */
function linkedOf(
  { hosts, servers }: Pick<Fleet, 'hosts' | 'servers'>,
  name: string | null,
): ReadonlySet<string> {
  const ends = hosts.get(name ?? '')?.servers.flatMap(({ links }) => links) ?? [];
  return new Set(ends.flatMap((end) => servers.get(end)?.host ?? []));
}

interface Known {
  readonly fleet: Fleet;
  readonly heardMs: number;
  readonly isLost: boolean;
  readonly nowMs: number;
}

/** The known fleet, drawn four times a second at most. */
function useFleet(): Known {
  const [known, setKnown] = useState<Known>(() => {
    const nowMs = Date.now();
    return { fleet: NO_FLEET, heardMs: nowMs, isLost: false, nowMs };
  });
  useEffect(() => {
    let fleet = NO_FLEET;
    const draw = (): void => {
      const { heardMs, isLost } = stream;
      setKnown({ fleet, heardMs, isLost, nowMs: Date.now() });
    };
    let drawing: ReturnType<typeof setTimeout> | undefined;
    const stream = new Stream({
      url: '/v1/feed',
      events: ['status', 'peers', 'services', 'history', 'alive', 'goaway'],
      onEvent: (event) => {
        if (isPart(event)) fleet = withEvent(fleet, event, Date.now());
        drawing ??= setTimeout(() => {
          drawing = undefined;
          draw();
        }, DRAW_MS);
      },
    });
    const clock = setInterval(() => {
      stream.look(Date.now());
      draw();
    }, CLOCK_MS);
    return () => {
      clearTimeout(drawing);
      clearInterval(clock);
      stream.close();
    };
  }, []);
  return known;
}

function isPart(event: unknown): event is FeedEvent {
  const { event: kind } = event as { readonly event: string };
  return kind !== 'alive' && kind !== 'goaway';
}

/** The open things of the address, and how to open something else. */
function useChosen(): [ReturnType<typeof openIn>, (hash: string) => void] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => {
      setHash(location.hash);
    };
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('hashchange', follow);
    };
  }, []);
  const choose = (text: string): void => {
    location.hash = text;
  };
  return [openIn(hash), choose];
}

/** `/` leads to the filter, Escape closes what is open. */
function useShortcuts(): void {
  useEffect(() => {
    const take = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key === '/' && !isTyping) {
        event.preventDefault();
        document.getElementById('filter')?.focus();
      } else if (event.key === 'Escape') {
        if (isTyping) event.target.blur();
        else location.hash = '';
      }
    };
    addEventListener('keydown', take);
    return () => {
      removeEventListener('keydown', take);
    };
  }, []);
}

/** News that comes together is drawn together. */
const DRAW_MS = 30;
const CLOCK_MS = 1_000;
