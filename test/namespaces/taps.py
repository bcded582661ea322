"""A switch of TAP devices that loses and delays what goes from one port to another.

    python3 taps.py PORTS

makes the devices tap1, tap2, … in its network namespace; they may be moved to others, and last as
long as it runs. On stdin it takes lines of JSON, each of which sets all ways anew:

    {"number": 1, "ways": [{"from": 1, "to": 2, "loss": 0.05, "delayMs": 20}, …]}

A way that is not named is closed. Each line is answered on stdout: {"is": "set", "number": 1}. What is
lost is the same at each run: chance has a seed. It ends with its stdin.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
FRAME_BYTES_MAX = 65536
FRAMES_AT_ONCE = 64
# Far more than any delay here keeps on its way.
WAITING_MAX = 20_000


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


class Switch:
    def __init__(self, taps):
        self.taps = taps
        self.ways = {}
        self.port_of = {}
        self.waiting = []
        self.count = 0
        self.random = random.Random(1)

    def set_ways(self, ways):
        self.ways = {(way["from"], way["to"]): way for way in ways}

    def take(self, port):
        """Reads what a port has to say, and sends it on its ways."""
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = os.read(self.taps[port], FRAME_BYTES_MAX)
            except OSError:
                # Nothing more, or a device that is not up.
                return
            to, source = frame[0:6], frame[6:12]
            self.port_of[source] = port
            known = None if to[0] & 1 else self.port_of.get(to)
            for other in self.taps if known is None else [known]:
                if other != port:
                    self.send(frame, port, other)

    def send(self, frame, port, other):
        way = self.ways.get((port, other))
        if way is None or self.random.random() < way.get("loss", 0):
            return
        delay = way.get("delayMs", 0) / 1000
        if delay == 0:
            self.write(other, frame)
        elif len(self.waiting) < WAITING_MAX:
            self.count += 1
            due = time.monotonic() + delay
            heapq.heappush(self.waiting, (due, self.count, other, frame))

    def deliver_due(self):
        """Delivers what has been on its way for long enough; says how long the next one has."""
        while self.waiting:
            left = self.waiting[0][0] - time.monotonic()
            if left > 0:
                return left
            _, _, other, frame = heapq.heappop(self.waiting)
            self.write(other, frame)
        return None

    def write(self, port, frame):
        try:
            os.write(self.taps[port], frame)
        except OSError:
            # The cable is full, or its machine is not up: such a frame is lost.
            pass


def main():
    ports = range(1, int(sys.argv[1]) + 1)
    switch = Switch({port: open_tap(f"tap{port}") for port in ports})
    by_file = {tap: port for port, tap in switch.taps.items()}
    text = b""
    print(json.dumps({"is": "ready"}), flush=True)
    while True:
        left = switch.deliver_due()
        readable, _, _ = select.select([0, *by_file], [], [], left)
        for file in readable:
            if file != 0:
                switch.take(by_file[file])
                continue
            chunk = os.read(0, FRAME_BYTES_MAX)
            if chunk == b"":
                return
            *lines, text = (text + chunk).split(b"\n")
            for line in lines:
                order = json.loads(line)
                switch.set_ways(order["ways"])
                print(json.dumps({"is": "set", "number": order["number"]}), flush=True)


main()
