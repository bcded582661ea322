// Cases that take too long for every run: a tenth of them, or another part, another one each day, and
// all of them in `npm run test:soak`. The number is printed, so that a run can be repeated on another
// day.

const DAY_MS = 86_400_000;
const CHOSEN = process.env['RARANGI_TEST_TENTH'] ?? String(Math.floor(Date.now() / DAY_MS) % 10);

/** Today's tenth of some cases, or that of RARANGI_TEST_TENTH. */
export function todaysTenth<Case>(what: string, all: readonly Case[]): Case[] {
  return todaysPart(what, { all, parts: 10 });
}

/** Today's third of some cases, or that of RARANGI_TEST_TENTH. */
export function todaysThird<Case>(what: string, all: readonly Case[]): Case[] {
  return todaysPart(what, { all, parts: 3 });
}

function todaysPart<Case>(
  what: string,
  { all, parts }: { readonly all: readonly Case[]; readonly parts: number },
): Case[] {
  const part = Number(CHOSEN) % parts;
  const again = `again with RARANGI_TEST_TENTH=${CHOSEN}`;
  console.log(`${what}: part ${String(part)} of 0 to ${String(parts - 1)}; ${again}`);
  return all.filter((_, index) => index % parts === part);
}
