"""A program that knows nothing of rarangi but its HTTP, with Python's own library.

python3 service.py register NAME PORT | lookup NAME | watch NAME

A service is registered at both servers of its host, by two requests of one key, for as long as
these last; then the end of one server leaves no gap.
"""

import http.client
import json
import os
import secrets
import sys
import threading
import time
from urllib.parse import quote, urlsplit

SIDES = os.environ.get("RARANGI_HTTP", "http://127.0.0.1:17342 http://127.0.0.1:17343").split()
# A server says every five seconds that it is alive.
SILENCE_SECONDS = 12


class Answer:
    """An answer and its connection, which lasts as long as this object."""

    def __init__(self, side, method, path, body=None):
        headers = {} if body is None else {"Content-Type": "application/json"}
        place = urlsplit(side).netloc
        self.connection = http.client.HTTPConnection(place, timeout=SILENCE_SECONDS)
        self.connection.request(method, path, body, headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def events(self):
        for line in self.response:
            if line.strip():
                yield json.loads(line)


def hold(side, offer):
    """Holds the registration at one server, again and again, until it is refused."""
    pause = 0.25
    while True:
        try:
            with Answer(side, "POST", "/v1/register", json.dumps(offer)) as answer:
                if answer.status != 200 and answer.status != 429 and answer.status < 500:
                    print("refused:", answer.response.read().decode(), file=sys.stderr)
                    os._exit(1)
                for event in answer.events() if answer.status == 200 else ():
                    pause = 0.25
                    sys.stderr.write(f"{json.dumps(event)}\n")  # In one piece: there are two threads.
        except (OSError, http.client.HTTPException):
            pass  # The server is not there, or has gone.
        time.sleep(pause)
        pause = min(pause * 2, 5)


def register(name, port):
    offer = {"service": name, "port": int(port), "key": secrets.token_hex(16)}
    holders = [threading.Thread(target=hold, args=(side, offer), daemon=True) for side in SIDES]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()


def lookup(name):
    for side in SIDES:
        try:
            path = f"/v1/services/{quote(name)}?format=hostport"
            with Answer(side, "GET", path) as answer:
                text = answer.response.read().decode()
        except (OSError, http.client.HTTPException):
            continue
        if answer.status == 200:
            print(text, end="")
            return 0
        if answer.status == 404:
            return 1  # There surely is none.
    return 5  # Nobody can tell.


def watch(name):
    """Prints the set of addresses whenever it changes."""
    known = {}
    while True:
        for side in SIDES:
            try:
                with Answer(side, "GET", f"/v1/watch?service={quote(name)}") as answer:
                    follow(answer, known)
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.25)


def follow(answer, known):
    present = {}
    for event in answer.events() if answer.status == 200 else ():
        change, instance = event.get("change"), event.get("instance")
        if change == "present":
            present[instance["instance"]] = instance
        elif change == "synced":
            # If the view is not complete, nothing counts as gone.
            if event["complete"]:
                known.clear()
            known.update(present)
        elif change == "removed":
            known.pop(instance["instance"], None)
        elif instance is not None:
            known[instance["instance"]] = instance
        else:
            continue
        if change != "present":
            places = sorted(f"{each['address']}:{each['port']}" for each in known.values())
            print(json.dumps(places), flush=True)


COMMANDS = {"register": register, "lookup": lookup, "watch": watch}
if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
