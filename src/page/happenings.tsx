// The events, the newest first: when, what, of whom, and why. The invariant: an event that was not
// asked for, or not answered, does not look like one that did not happen.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { EventInfo } from '../answers/history.ts';
import { causeText } from '../answers/history.ts';
import { useAsked } from './asked.ts';
import { type Happening, happeningsOf } from './fleet.ts';
import { linkBeside } from './links.ts';
import { clockText } from './sentences.ts';
import { still } from './still.tsx';

/** The rows; null until a server has told them. */
export interface HappeningsProps {
  readonly happenings: readonly Happening[] | null;
  /** Why there is nothing newer; null while all is well. */
  readonly fault?: string | null;
  /** Whether the name of the service is left out. */
  readonly isShort?: boolean;
}

/** A table of what happened. */
export function Happenings(props: HappeningsProps): JSX.Element {
  const { happenings, fault = null, isShort = false } = props;
  return (
    <>
      {fault !== null && <Fault what="what happened" fault={fault} />}
      {happenings === null && fault === null && <p class="quiet">asking the server</p>}
      {happenings?.length === 0 && <p class="quiet">This server remembers no event.</p>}
      {happenings !== null && happenings.length > 0 && (
        <Table happenings={happenings} isShort={isShort} />
      )}
    </>
  );
}

/** The question that failed, why, and that it is asked again. */
export function Fault(props: { readonly what: string; readonly fault: string }): JSX.Element {
  return (
    <p class="fault" role="status">
      Cannot tell {props.what}: {props.fault}; trying again.
    </p>
  );
}

function Table(props: {
  readonly happenings: readonly Happening[];
  readonly isShort: boolean;
}): JSX.Element {
  return (
    <table class="happenings">
      <thead>
        <tr>
          <th>time</th>
          <th>what</th>
          <th>of</th>
          <th>why</th>
          <th>at</th>
        </tr>
      </thead>
      <tbody>
        {props.happenings.map((one) => (
          <Line key={keyOf(one)} happening={one} isShort={props.isShort} open={location.hash} />
        ))}
      </tbody>
    </table>
  );
}

interface LineProps {
  readonly happening: Happening;
  readonly isShort: boolean;
  /** What is open: links leave it so. */
  readonly open: string;
}

const Line = still<LineProps>(({ happening, isShort }) => {
  const { atMs, event, host, server } = happening;
  return (
    <tr class={event}>
      <td>
        <time dateTime={new Date(atMs).toISOString()}>{clockText(atMs)}</time>
      </td>
      <td>{event}</td>
      <td>
        <Subject happening={happening} isShort={isShort} />
      </td>
      <td>{causeText(happening)}</td>
      <td>
        <a href={linkBeside('host', host)}>{host}</a> ({server}){' '}
        <a class="explain" href={linkBeside('explain', subjectOf(happening))}>
          explain
        </a>
      </td>
    </tr>
  );
});

function Subject(props: { readonly happening: Happening; readonly isShort: boolean }): JSX.Element {
  const { service, address, server } = props.happening;
  if (service === undefined) return <>{server}</>;
  if (props.isShort) return <>{address ?? service}</>;
  return (
    <>
      <a href={linkBeside('service', service)}>{service}</a> {address}
    </>
  );
}

function subjectOf({ instance, service, host }: Happening): string {
  return instance ?? service ?? host;
}

function keyOf({ time, event, instance, server }: Happening): string {
  return `${time} ${event} ${instance ?? ''} ${server}`;
}

/** A server's memory of a service or of a host. */
export interface Remembered {
  /** The newest first; null until the server has answered. */
  readonly rows: readonly Happening[] | null;
  /** Since when it has seen all; empty until it has answered. */
  readonly reachesBackTo: string;
  readonly fault: string | null;
}

interface HistoryBody {
  readonly rows: readonly EventInfo[];
  readonly reachesBackTo: string;
}

/** Asks for the events; again when the newest known event about it changes. */
export function usePast(
  about: 'service' | 'host',
  name: string,
  happenings: readonly Happening[],
): Remembered {
  const newest = happenings.find((one) => one[about] === name);
  const { answer, atMs, fault } = useAsked<HistoryBody>({
    path: `/v1/history?${about}=${encodeURIComponent(name)}&limit=${String(PAST_MAX)}`,
    key: 'rows',
    stamp: newest === undefined ? '' : keyOf(newest),
  });
  const rows = useMemo(
    () => (answer === null ? null : happeningsOf(answer.rows, atMs)),
    [answer, atMs],
  );
  return { rows, reachesBackTo: answer?.reachesBackTo ?? '', fault };
}

const PAST_MAX = 50;
