// Durations as people write them: `500ms`, `2s`, `5m`, `1h`. The invariant: a number without a unit
// is refused, because it could mean seconds or milliseconds. Only zero needs no unit.

import { RarangiError } from '../index.ts';

/** What a duration may look like, for help and errors. */
export const DURATION_FORM = '500ms, 2s, 5m or 1h';

/** The longest that a timer of Node can wait. */
const DURATION_MS_MAX = 2 ** 31 - 1;

const MS_BY_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The milliseconds that a text means. Throws RARANGI_USAGE. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  const milliseconds = millisecondsOf(text);
  if (Number.isNaN(milliseconds)) throw refusal(text, /^\d+$/.test(text) ? 'has no unit' : null);
  if (milliseconds > DURATION_MS_MAX) throw refusal(text, 'is more than 24 days');
  return milliseconds;
}

/** The same for a duration that must not be zero. Throws RARANGI_USAGE. */
export function parsePositiveDuration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === 0) throw refusal(text, 'must be more than 0');
  return milliseconds;
}

/** A duration as people write it. */
export function durationText(milliseconds: number): string {
  for (const [unit, ms] of Object.entries(MS_BY_UNIT).reverse()) {
    if (milliseconds >= ms && milliseconds % ms === 0) return `${String(milliseconds / ms)}${unit}`;
  }
  return '0s';
}

/** A message with durations instead of milliseconds: as they were typed, if they were. */
export function withTypedDurations(message: string, words: readonly string[]): string {
  return message.replace(/\b(\d+) ms\b/g, (_, digits: string) => {
    const milliseconds = Number(digits);
    const typed = words
      .map((word) => word.replace(/^--[\w-]+=/, ''))
      .find((word) => millisecondsOf(word) === milliseconds);
    return typed ?? durationText(milliseconds);
  });
}

/** A message for people, who do not count in thousands of milliseconds: `1.5 s`. */
export function inSeconds(message: string): string {
  return message.replace(
    /\b(\d{4,}) ms\b/g,
    (_, digits: string) => `${String(Number(digits) / 1000)} s`,
  );
}

/** The milliseconds of a number with a unit; NaN for any other text. */
function millisecondsOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  return Math.round(Number(digits) * (MS_BY_UNIT[unit] ?? Number.NaN));
}

function refusal(text: string, complaint: string | null): RarangiError {
  return RarangiError.usage(
    `duration ${JSON.stringify(text)} ${complaint ?? 'cannot be read'}`,
    `write it as ${DURATION_FORM}`,
  );
}
