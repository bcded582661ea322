// What our codec writes, read by two others: dns-packet and dnspython. Each answer says the same to
// both, down to the last byte: dnspython takes no byte more or less than there is.

import { spawnSync } from 'node:child_process';
import type { Answer as DnsRecord } from 'dns-packet';
import { expect, test } from 'vitest';
import { needs } from '../../support/needs.ts';
import type { Asking } from './stage.ts';
import { byText, instanceOf, Stage, type Told, TYPES } from './stage.ts';

const PYTHON = `
import sys, json, dns.message, dns.rdatatype
def said(name, ttl, rdata):
    kind = dns.rdatatype.to_text(rdata.rdtype)
    name = lambda n: n.to_text().rstrip('.')
    what = {
        'A': lambda: rdata.address, 'AAAA': lambda: rdata.address,
        'SRV': lambda: f'{rdata.priority} {rdata.weight} {rdata.port} {name(rdata.target)}',
        'TXT': lambda: ' '.join(each.hex() for each in rdata.strings),
        'SOA': lambda: f'{name(rdata.mname)} {name(rdata.rname)} {rdata.serial} {rdata.minimum}',
        'HINFO': lambda: rdata.cpu.decode(),
    }.get(kind, lambda: name(rdata.target))()
    return f'{kind} {ttl} {what}'
for line in sys.stdin:
    message = dns.message.from_wire(bytes.fromhex(line))
    sections = [sorted(f"{rrset.name.to_text().rstrip('.')} {said(rrset.name, rrset.ttl, each)}"
        for rrset in section for each in rrset)
        for section in (message.answer, message.authority, message.additional)]
    errors = [f'{int(each.code)} {each.text or ""}' for each in message.options if each.otype == 15]
    print(json.dumps([int(message.rcode()), message.id, sections, errors]))
`;

/** Numbers of response codes, by the names that dns-packet gives them. */
const RCODES: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

function lineOf(record: DnsRecord): string {
  const { name, ttl, type, data } = record as unknown as Readonly<Record<'name' | 'type', string>> & { readonly ttl: number; readonly data: never };
  return `${name} ${type} ${String(ttl)} ${dataOf(type, data)}`;
}

function dataOf(type: string, data: Readonly<Record<string, unknown>> | string): string {
  if (typeof data === 'string') return data;
  if (type === 'TXT') {
    return (data as unknown as Buffer[]).map((each) => each.toString('hex')).join(' ');
  }
  const keys = {
    SRV: ['priority', 'weight', 'port', 'target'],
    SOA: ['mname', 'rname', 'serial', 'minimum'],
    HINFO: ['cpu'],
  };
  const wanted = keys[type as keyof typeof keys];
  return wanted.map((key) => String(data[key])).join(' ');
}

function toldToPacket({ bytes, rcode, answers, authorities, additionals, errors }: Told): unknown {
  const sections = [answers, authorities, additionals].map((section) =>
    section.map(lineOf).sort(byText),
  );
  return [RCODES[rcode], ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), sections, errors];
}

function answersOf(stage: Stage): Told[] {
  const names = ['web', '_web._tcp', '_http._tcp.web', 'i-000000000000000a.web', 'none', 'ns', ''];
  const others = ['_services._dns-sd._udp', 'i-000000000000000a._web._tcp', 'gone', 'host', 'big'];
  const askings: readonly Asking[] = [{}, { payloadBytes: 1_232 }, { payloadBytes: 65_000, id: 9 }];
  const types = Object.keys(TYPES) as (keyof typeof TYPES)[];
  return [...names, ...others].flatMap((name) =>
    types.flatMap((type) => askings.map((asking) => stage.ask(name, type, asking))),
  );
}

test.skipIf(!needs('python3-dnspython'))('dns-packet and dnspython read the same', () => {
  const stage = new Stage({ ttl: 30 });
  stage.table.put(
    instanceOf({ id: 'a'.padStart(16, '0').padEnd(32, '0'), tags: { role: 'replica', n: 'ü' } }),
    instanceOf({ address: '2001:db8::1', scheme: 'http' }),
    instanceOf({ service: 'host', address: 'db.example.com' }),
    instanceOf({ service: 'gone', state: 'stale' }),
    ...Array.from({ length: 40 }, (_, index) =>
      instanceOf({ service: 'big', address: `10.1.0.${String(index)}`, port: 9_000 + index }),
    ),
  );
  stage.table.view = { complete: false, missing: ['h3', 'h4'], why: 'split' };
  const told = answersOf(stage);

  const input = told.map(({ bytes }) => Buffer.from(bytes).toString('hex')).join('\n');
  const python = spawnSync('/usr/bin/python3', ['-c', PYTHON], { input, encoding: 'utf8' });

  expect(python.stderr).toBe('');
  const lines = python.stdout.trim().split('\n');
  expect(lines).toHaveLength(told.length);
  for (const [index, line] of lines.entries()) {
    expect(JSON.parse(line)).toEqual(toldToPacket(told[index]!));
  }
  expect(told.length).toBeGreaterThan(300);
});
