// `status` on one page: the state of this server, what it sees, and if something is wrong, what it
// means and what to do. The invariant: every number of `status --json` is here under the same word.

import { incompleteText } from '../answers/view.ts';
import type { ReasonInfo, StatusReport } from '../index.ts';
import { inStateColour, type Theme } from './theme.ts';

/** The lines of `status`. */
export function statusLines(report: StatusReport, theme: Theme): string[] {
  const { environment, state } = report;
  const rows = [
    ['environment', environment],
    ['state', inStateColour(theme, { text: state, state })],
    ...factsOf(report),
  ];
  const lines = rows.map(([title = '', text = '']) => `${theme.faint(title.padEnd(13))}${text}`);
  const advice = [...(ADVICE_BY_STATE[state] ?? []), ...report.reasons.flatMap(reasonLines)];
  return advice.length === 0 ? lines : [...lines, '', ...advice];
}

function factsOf(report: StatusReport): string[][] {
  const { server, servers, masters, services, instances } = report;
  return [
    ['lock', LOCK_TEXTS[report.lock]],
    ['view', viewText(report)],
    ['server', `${server.name} of host ${server.host}, cluster ${server.cluster}, ${server.role}`],
    ['addresses', server.addresses.join(', ')],
    ['origin', server.origin],
    ['links', String(server.links)],
    [
      'servers',
      `${String(servers.reachable)} reachable, ${String(servers.suspect)} suspect, ` +
        `${String(servers.split)} split, ${String(servers.gone)} gone`,
    ],
    ['masters', `${String(masters.reachable)} reachable of ${String(masters.known)} known`],
    ['services', String(services)],
    ['instances', `${String(instances.live)} live, ${String(instances.stale)} stale`],
  ];
}

function viewText(report: StatusReport): string {
  return report.complete ? 'complete' : incompleteText(report).replace('the view is ', '');
}

function reasonLines({ code, message, hint }: ReasonInfo): string[] {
  return [`${code}: ${message}`, `  hint: ${hint}`];
}

const ADVICE_BY_STATE: Readonly<Record<StatusReport['state'], readonly string[] | null>> = {
  healthy: null,
  degraded: null,
  split: [
    'There is a net-split: the instances of hosts that are cut off are kept as stale, as last known.',
    'If one of these hosts is gone for good: rarangi peers --forget HOST.',
  ],
  isolated: [
    'This server can reach no other host: the instances of other hosts are stale.',
    'Check the network of this host and the --peer addresses of its servers.',
  ],
  unknown: ['The server is newer than this command: use the command of its version.'],
};

const LOCK_TEXTS: Readonly<Record<StatusReport['lock'], string>> = {
  none: 'none: everybody who can reach the port of the server may register',
  secret: 'TCP is locked by the secret of the environment',
  certificate: 'TCP is locked by certificates',
  unknown: 'TCP is locked in a way that is newer than this command',
};
