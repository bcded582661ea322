// Cases that take too long for every run: a tenth of them, another tenth each day, and all of them
// in `npm run test:soak`. The number is printed, so that a run can be repeated on another day.

const DAY_MS = 86_400_000;
const CHOSEN = process.env['RARANGI_TEST_TENTH'] ?? String(Math.floor(Date.now() / DAY_MS) % 10);

/** Today's tenth of some cases, or that of RARANGI_TEST_TENTH. */
export function todaysTenth<Case>(what: string, all: readonly Case[]): Case[] {
  console.log(`${what}: tenth ${CHOSEN} of 0 to 9; again with RARANGI_TEST_TENTH=${CHOSEN}`);
  return all.filter((_, index) => index % 10 === Number(CHOSEN));
}
