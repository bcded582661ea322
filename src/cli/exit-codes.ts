// The exit codes, which tell a script the result: one table, shown in rarangi.1. The invariant: a
// number here never changes its meaning. 64 to 78 are left to sysexits.h, of which 70 and 74 are
// ours; 125 and up are as env(1), nice(1) and the shell have them, so that a wrapped command reads
// the same.

import type { RarangiErrorCode } from '../index.ts';

interface ExitCodeSpec {
  readonly code: number;
  readonly doc: string;
}

/** Every exit code of rarangi, by name. */
export const EXIT_CODES = {
  done: { code: 0, doc: 'Done. Of lookup: there is at least one instance.' },
  no: {
    code: 1,
    doc: 'The answer is no, from a complete view. Of lookup: none. Of status: not healthy.',
  },
  usage: { code: 2, doc: 'The command line or the configuration is wrong.' },
  unreachable: { code: 3, doc: 'No catalogue server could be reached.' },
  refused: { code: 4, doc: 'Refused: wrong environment, wrong secret, not allowed.' },
  uncertain: { code: 5, doc: 'Cannot tell: none found, but the view is not complete.' },
  timeout: { code: 6, doc: 'Timed out.' },
  output: { code: 74, doc: 'The output could not be written.' },
  bug: { code: 70, doc: 'A bug in rarangi.' },
  wrapper: { code: 125, doc: 'Of register with a command: rarangi itself failed.' },
  'not-executable': {
    code: 126,
    doc: 'Of register and lookup with a command: it cannot be executed.',
  },
  'not-found': { code: 127, doc: 'Of register and lookup with a command: it was not found.' },
} as const satisfies Readonly<Record<string, ExitCodeSpec>>;

/** The name of an exit code. */
export type ExitName = keyof typeof EXIT_CODES;

/** Which exit an error of the library leads to. */
export const EXITS_BY_ERROR = {
  RARANGI_USAGE: 'usage',
  RARANGI_UNREACHABLE: 'unreachable',
  RARANGI_REFUSED: 'refused',
  RARANGI_NONE: 'no',
  RARANGI_UNCERTAIN: 'uncertain',
  RARANGI_TIMEOUT: 'timeout',
  // Only a caller's own signal aborts, and every command handles it.
  RARANGI_ABORTED: 'bug',
} as const satisfies Readonly<Record<RarangiErrorCode, ExitName>>;
