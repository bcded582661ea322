"""Sends a query of DNS so many times a second to one address, and reads no answer. At the end it
prints how many it has sent, and how many answers have come to its network meanwhile."""

import json
import socket
import sys
import time

own_address, address, port, query_hex, rate, seconds = sys.argv[1:]
query = bytearray.fromhex(query_hex)


def arrived():
    """Datagrams that came, by the kernel's count: most are thrown away, for nobody reads them."""
    with open("/proc/net/snmp", encoding="ascii") as counts:
        names, values = [line.split() for line in counts if line.startswith("Udp:")]
    udp = dict(zip(names, values))
    return int(udp["InDatagrams"]) + int(udp["InErrors"])


flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flood.setblocking(False)
flood.bind((own_address, 0))
flood.connect((address, int(port)))
before = arrived()
begin = time.monotonic()
end = begin + float(seconds)
sent = 0
now = begin
while now < end:
    while sent < (now - begin) * int(rate):
        query[0], query[1] = sent >> 8 & 255, sent & 255
        try:
            flood.send(query)
        except (BlockingIOError, ConnectionRefusedError):
            break
        sent += 1
    time.sleep(0.0005)
    now = time.monotonic()
print(json.dumps({"sent": sent, "answered": arrived() - before}))
