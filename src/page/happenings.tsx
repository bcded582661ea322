// What happened, the newest first: when, what, of whom, and why.

import type { JSX } from 'preact';

import { causeText } from '../answers/history.ts';
import type { Happening } from './fleet.ts';
import { clockText } from './sentences.ts';

/** The rows, and whether the name of the service goes without saying. */
export interface HappeningsProps {
  readonly happenings: readonly Happening[];
  readonly isShort?: boolean;
}

/** A table of what happened. */
export function Happenings({ happenings, isShort = false }: HappeningsProps): JSX.Element {
  if (happenings.length === 0) return <p class="quiet">Nothing that this server remembers.</p>;
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
        {happenings.map((one) => (
          <tr key={keyOf(one)} class={one.event}>
            <td>
              <time dateTime={new Date(one.atMs).toISOString()}>{clockText(one.atMs)}</time>
            </td>
            <td>{one.event}</td>
            <td>
              <Subject happening={one} isShort={isShort} />
            </td>
            <td>{causeText(one)}</td>
            <td>
              <a href={`#host=${encodeURIComponent(one.host)}`}>{one.host}</a> ({one.server}){' '}
              <a class="explain" href={explainPath(one)}>
                explain
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Subject(props: { readonly happening: Happening; readonly isShort: boolean }): JSX.Element {
  const { service, address, server } = props.happening;
  if (service === undefined) return <>{server}</>;
  if (props.isShort) return <>{address ?? service}</>;
  return (
    <>
      <a href={`#service=${encodeURIComponent(service)}`}>{service}</a> {address}
    </>
  );
}

function explainPath({ instance, service, host }: Happening): string {
  return `/v1/explain/${encodeURIComponent(instance ?? service ?? host)}`;
}

function keyOf({ time, event, instance, server }: Happening): string {
  return `${time} ${event} ${instance ?? ''} ${server}`;
}
