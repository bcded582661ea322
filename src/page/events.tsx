// The events of the fleet, or of the open host; and the explanation of a name, if one was asked
// for.

import type { JSX } from 'preact';

import type { Explanation } from '../answers/explain.ts';
import { useAsked } from './asked.ts';
import type { Fleet, Happening } from './fleet.ts';
import { Fault, Happenings, usePast } from './happenings.tsx';
import { linkWithout } from './links.ts';
import { clockText } from './sentences.ts';
import { hostWords } from './topology.tsx';

/** The fleet, and the part of it that is open. */
export interface EventsProps {
  readonly fleet: Fleet;
  readonly host: string | null;
  readonly explained: string | null;
  readonly nowMs: number;
  readonly onChoose: (hash: string) => void;
}

/** What happened. */
export function Events({ fleet, host, explained, nowMs, onChoose }: EventsProps): JSX.Element {
  const { happenings, status } = fleet;
  return (
    <section class="events" aria-label="Events">
      <header>
        <h2>
          Events <small>{host === null ? '' : `of ${host}`}</small>
        </h2>
        {host !== null && <a href={linkWithout('host')}>all</a>}
      </header>
      <HostWords fleet={fleet} host={host} />
      <div class="scroll" tabIndex={0} role="group" aria-label="List of events">
        {host === null ? (
          <Happenings happenings={status === null ? null : happenings} />
        ) : (
          <HostEvents key={host} host={host} happenings={happenings} />
        )}
      </div>
      {explained !== null && (
        <Explained
          key={explained}
          name={explained}
          nowMs={nowMs}
          onClose={() => {
            onChoose(linkWithout('explain'));
          }}
        />
      )}
    </section>
  );
}

function HostWords(props: { readonly fleet: Fleet; readonly host: string | null }): JSX.Element {
  const { fleet, host: name } = props;
  const host = fleet.hosts.get(name ?? '');
  if (host !== undefined) return <p>{hostWords(host)}.</p>;
  return name === null || fleet.status === null ? (
    <></>
  ) : (
    <p>This server knows no server of host {name} now.</p>
  );
}

/** Of one host, more than those that the page holds of all. */
function HostEvents(props: {
  readonly host: string;
  readonly happenings: readonly Happening[];
}): JSX.Element {
  const { rows, fault } = usePast('host', props.host, props.happenings);
  return <Happenings happenings={rows} fault={fault} />;
}

interface ExplainedProps {
  readonly name: string;
  readonly nowMs: number;
  readonly onClose: () => void;
}

/** The sentences of `rarangi explain`, and when they came: they have ages. */
function Explained({ name, nowMs, onClose }: ExplainedProps): JSX.Element {
  const { answer, atMs, fault } = useAsked<Explanation>({
    path: `/v1/explain/${encodeURIComponent(name)}`,
    key: 'sentences',
    stamp: document.hidden ? '' : String(Math.floor(nowMs / EXPLAIN_MS)),
  });
  return (
    <aside class="one" aria-label={`Explanation of ${name}`}>
      <header>
        <h3>
          {name} <small>{answer === null ? '' : `as of ${clockText(atMs)}`}</small>
        </h3>
        <button type="button" onClick={onClose} aria-label={`Close the explanation of ${name}`}>
          ×
        </button>
      </header>
      {fault !== null && <Fault what={`more about ${name}`} fault={fault} />}
      {answer === null && fault === null && <p class="quiet">asking the server</p>}
      {answer !== null && (
        <ul>
          {answer.sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </aside>
  );
}

/** The sentences age: so often they are asked for anew. */
const EXPLAIN_MS = 5_000;
