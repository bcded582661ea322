// Programs that read DNS for themselves: each is to see the same.

import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect } from 'vitest';

import { compareText } from '../../src/core/kit/text.ts';
import { canMakeNetworks } from '../namespaces/network.ts';
import { needs } from '../support/needs.ts';
import { test } from '../support/processes.ts';
import { kdig, startDnsHost, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils') && needs('dnsutils');

test.skipIf(!canRun)(
  'dig and kdig read what is there, in the case as it was asked',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    await host.offer('web', 8_000, ['--tag', 'version=7']);
    await host.offer('web', 8_001);

    const srv = await host.run(kdig(17_319, `_web._tcp.${ZONE}`, 'SRV'));
    expect(srv.stdout).toMatch(/status: NOERROR/);
    expect(srv.stdout).toMatch(/qr aa rd; QUERY: 1; ANSWER: 2; AUTHORITY: 0; ADDITIONAL: 2/);
    expect(srv.stdout).toMatch(
      /IN\tSRV\t0 1 8000 i-[0-9a-f]{16}\.web\.production\.rarangi\.internal\./,
    );
    const [, id = ''] = /8000 i-([0-9a-f]{16})/.exec(srv.stdout) ?? [];
    const mixed = `wEb.pRoduction.RARANGI.internal`;
    const dig = ['dig', '@127.0.0.1', '-p', '17314', '+noall', '+answer'];
    expect((await host.run([...dig, mixed, 'A'])).stdout).toBe(`${mixed}. 0 IN\tA\t127.0.0.1\n`);
    const txt = await host.run([...dig, '+tcp', `i-${id}.web.${ZONE}`, 'TXT']);
    expect(txt.stdout).toContain('"version=7" "_host=h1" "_cluster=default" "_state=live"');
    const ptr = await host.run([...dig, `_services._dns-sd._udp.${ZONE}`, 'PTR']);
    expect(ptr.stdout).toMatch(/PTR\s_web\._tcp\.production\.rarangi\.internal\.\n/);
    expect((await host.run([...dig, '+comments', `nix.${ZONE}`])).stdout).toContain('NXDOMAIN');
  },
);

const PYTHON = `
import sys, json, dns.resolver
r = dns.resolver.Resolver(configure=False)
r.nameservers, r.port, zone = ['127.0.0.1'], 17319, sys.argv[1]
def ask(name, type): return sorted(str(each) for each in r.resolve(name + '.' + zone, type))
print(json.dumps({'a': ask('web', 'A'), 'srv': [s.split()[2] for s in ask('_web._tcp', 'SRV')],
  'ptr': ask('_services._dns-sd._udp', 'PTR'), 'soa': len(ask('', 'SOA') if 0 else r.resolve(zone, 'SOA'))}))
try: ask('nix', 'A')
except dns.resolver.NXDOMAIN: print('none')
try: ask('web', 'AAAA')
except dns.resolver.NoAnswer: print('no answer')
`;

test.skipIf(!canRun || !needs('python3-dnspython'))('so does dnspython', async ({ stage }) => {
  const host = await startDnsHost(stage);
  await host.offer('web', 8_000);
  await host.offer('web', 8_001);

  const { stdout, stderr } = await host.run(['/usr/bin/python3', '-c', PYTHON, ZONE]);

  expect(stderr).toBe('');
  const [said = '', ...rest] = stdout.trim().split('\n');
  expect(JSON.parse(said)).toEqual({
    a: ['127.0.0.1'],
    srv: ['8000', '8001'],
    ptr: [`_web._tcp.${ZONE}.`],
    soa: 1,
  });
  expect(rest).toEqual(['none', 'no answer']);
});

const GO = `package main
import ("context"; "fmt"; "net"; "os"; "errors")
func main() {
  dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
    return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:17319")
  }
  r := &net.Resolver{PreferGo: true, Dial: dial}
  zone := os.Args[1] + "."
  _, srv, err := r.LookupSRV(context.Background(), "web", "tcp", zone)
  if err != nil { fmt.Println(err) }
  for _, each := range srv { fmt.Println("srv", each.Port, each.Priority, len(each.Target)) }
  hosts, err := r.LookupHost(context.Background(), "web." + zone)
  fmt.Println(hosts, err)
  texts, err := r.LookupTXT(context.Background(), srv[0].Target)
  fmt.Println(len(texts) > 0, err)
  _, err = r.LookupHost(context.Background(), "nix." + zone)
  var none *net.DNSError
  fmt.Println(errors.As(err, &none) && none.IsNotFound)
}`;

test.skipIf(!canRun || !needs('golang-go'))(
  'so does Go, which refuses compressed targets',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    await host.offer('web', 8_000);
    await host.offer('web', 8_001);
    await writeFile(join(stage.folder, 'main.go'), GO);

    const go = `cd ${stage.folder} && GOCACHE=$PWD/cache exec go run main.go ${ZONE}`;
    const { stdout, stderr } = await host.run(['sh', '-c', go]);

    expect(stderr).toBe('');
    const [one, other, ...rest] = stdout.trim().split('\n');
    expect([one, other].map((line) => line?.split(' ')[1] ?? '').sort(compareText)).toEqual([
      '8000',
      '8001',
    ]);
    expect(rest).toEqual(['[127.0.0.1] <nil>', 'true <nil>', 'true']);
  },
);

test.skipIf(!canRun)(
  'of 100 instances plain UDP has some whole ones, and TCP all',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    await host.offerMany('web', 9_000, 100);

    const dig = ['dig', '@127.0.0.1', '-p', '17319', '+noedns', '+noall', '+answer', '+comments'];
    const plain = await host.run([...dig, '+ignore', `web.${ZONE}`, 'SRV']);
    expect(plain.stdout).toMatch(/flags: qr aa tc rd/);
    expect(plain.stdout.match(/\tSRV\t/g)?.length).toBeGreaterThanOrEqual(5);
    const whole = await host.run([...dig, `web.${ZONE}`, 'SRV']);
    expect(whole.stdout.match(/\tSRV\t/g)).toHaveLength(100);
  },
);

test.skipIf(!canRun)(
  '2,000 instances are too many for DNS, and the answer says so',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    await host.offerMany('web', 9_000, 2_000);

    const { stdout } = await host.run(kdig(17_319, '+tcp', '+edns', `web.${ZONE}`, 'SRV'));

    const [, kept = '', all = ''] = /showing (\d+) of (\d+): too many for DNS/.exec(stdout) ?? [];
    expect(all).toBe('2000');
    expect(stdout.match(/\tSRV\t/g)).toHaveLength(Number(kept));
    expect(Number(kept)).toBeGreaterThan(500);
    expect(Number(/Received (\d+) B/.exec(stdout)?.[1])).toBeLessThanOrEqual(65_535);
  },
);

test.skipIf(!canRun)('names are found as the manual says', async ({ stage }) => {
  const host = await startDnsHost(stage);
  const long = `${'a'.repeat(63)}.${'b'.repeat(62)}.c`;
  const names = ['My_Service', 'api.v2', 'Web', 'web', long];
  for (const [index, name] of names.entries()) await host.offer(name, 8_000 + index);
  const roles = ['replica', 'primary'];
  for (const [index, role] of roles.entries()) {
    await host.offer('db', 8_100 + index, ['--tag', `role=${role}`]);
  }
  const ports = async (name: string): Promise<string[]> => {
    const { stdout } = await host.run(kdig(17_319, `${name}.${ZONE}`, 'SRV'));
    return [...stdout.matchAll(/SRV\t\d+ \d+ (\d+) /g)].map(([, port = '']) => port);
  };

  for (const [name, expected] of [
    ['my-service', '8000'],
    ['MY_SERVICE', '8000'],
    ['api.v2', '8001'],
    ['_api.v2._tcp', '8001'],
    ['web', '8003'],
    ['WEB', '8003'],
    [long, '8004'],
    ['replica._role.db', '8100'],
    ['PRIMARY._role.db', '8101'],
  ] as const) {
    expect(await ports(name), name).toEqual([expected]);
  }
  expect(await ports('other._role.db')).toEqual([]);
});
