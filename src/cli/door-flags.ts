// The flags of `serve` for its doors, and the library's options for them. One invariant: a flag
// that is not given sets nothing, so that only the library knows the defaults.

import { Flags, type Interfaces } from '@oclif/core';

import type { ServeOptions } from '../index.ts';
import { durationOrNone, givenOnly, listOf } from './flags.ts';

/** Where doors listen, and whom they serve. */
export const doorFlags = {
  http: Flags.string({
    description:
      'Where HTTP listens; by default on loopback, if all users may use the UNIX socket. Repeatable.',
    env: 'RARANGI_SERVE_HTTP',
    helpValue: 'ADDR[:PORT]|none',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'http-cert': Flags.string({
    description: 'The certificate of HTTP beyond loopback, in PEM; by default --tls-cert.',
    env: 'RARANGI_SERVE_HTTP_CERT',
    helpValue: 'PATH',
  }),
  'http-key': Flags.string({
    description: 'The key of that certificate; by default --tls-key.',
    env: 'RARANGI_SERVE_HTTP_KEY',
    helpValue: 'PATH',
  }),
  'http-token-file': Flags.string({
    description:
      'A file with tokens for HTTP beyond loopback, in addition to those made of the secret.',
    env: 'RARANGI_SERVE_HTTP_TOKEN_FILE',
    helpValue: 'PATH',
  }),
  'http-name': Flags.string({
    description: 'A further name by which HTTP clients may call this server. Repeatable.',
    env: 'RARANGI_SERVE_HTTP_NAME',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'http-origin': Flags.string({
    description: 'A web origin whose pages may read over HTTP. Repeatable.',
    env: 'RARANGI_SERVE_HTTP_ORIGIN',
    helpValue: 'ORIGIN',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'http-insecure': Flags.boolean({
    description: 'Speak HTTP without TLS beyond loopback, even if there are certificates.',
    env: 'RARANGI_SERVE_HTTP_INSECURE',
  }),
  dns: Flags.string({
    description:
      'Where DNS listens; by default on loopback, if all users may use the UNIX socket. Repeatable.',
    env: 'RARANGI_SERVE_DNS',
    helpValue: 'ADDR[:PORT]|none',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'dns-from': Flags.string({
    description: 'Networks that may ask DNS beyond loopback, with commas between; or any.',
    env: 'RARANGI_SERVE_DNS_FROM',
    helpValue: 'NET[,NET]|any',
  }),
  'dns-zone': Flags.string({
    description: 'The zone of DNS; by default ENVIRONMENT.rarangi.internal.',
    env: 'RARANGI_SERVE_DNS_ZONE',
    helpValue: 'ZONE',
  }),
  'dns-ttl': durationOrNone({
    description: 'The TTL of the names that exist in DNS, from 0s to 60s; by default 0s.',
    env: 'RARANGI_SERVE_DNS_TTL',
  }),
  doors: Flags.string({
    description: 'Open neither HTTP nor DNS. Refused beside an address for one of them.',
    env: 'RARANGI_SERVE_DOORS',
    helpValue: 'none',
    options: ['none'],
  }),
};

type DoorFlags = Interfaces.InferredFlags<typeof doorFlags>;

/** The library's options for the flags of the doors. */
export function doorOptionsOf(flags: DoorFlags): Partial<ServeOptions> {
  const isNone = flags.doors !== undefined;
  return {
    ...(isNone ? { doors: 'none' as const } : {}),
    ...lists({
      http: flags.http,
      dns: flags.dns,
      dnsFrom: flags['dns-from'],
      httpName: flags['http-name'],
      httpOrigin: flags['http-origin'],
    }),
    ...givenOnly({
      dnsZone: flags['dns-zone'],
      dnsTtlMs: flags['dns-ttl'],
      httpCert: flags['http-cert'],
      httpKey: flags['http-key'],
      httpTokenFile: flags['http-token-file'],
      httpInsecure: flags['http-insecure'],
    }),
  };
}

/** The lists that are not empty. */
function lists<K extends string>(
  given: Readonly<Record<K, readonly string[] | string | undefined>>,
): Partial<Record<K, readonly string[]>> {
  const filled = Object.entries<readonly string[] | string | undefined>(given)
    .map(([name, words]) => [name, listOf(words)] as const)
    .filter(([, words]) => words.length > 0);
  return Object.fromEntries(filled) as Partial<Record<K, readonly string[]>>;
}
