// The address of the page has what is open, so that it can be sent to somebody else, and Back
// works: `#service=web`, `#host=h3`, `#explain=web`, or several with `&` between.

/** The things that may be open. */
export type Open = 'service' | 'host' | 'explain';

/** The open things of an address; null for each that is not open. */
export function openIn(hash: string): Readonly<Record<Open, string | null>> {
  const said = new URLSearchParams(hash.slice(1));
  return { service: said.get('service'), host: said.get('host'), explain: said.get('explain') };
}

/** A link that opens something beside what is open. */
export function linkBeside(what: Open, name: string): string {
  const said = new URLSearchParams(location.hash.slice(1));
  said.set(what, name);
  return `#${said.toString()}`;
}

/** A link that closes something, and leaves open what is open beside it. */
export function linkWithout(what: Open): string {
  const said = new URLSearchParams(location.hash.slice(1));
  said.delete(what);
  return `#${said.toString()}`;
}
