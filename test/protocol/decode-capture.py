#!/usr/bin/python3
"""Decodes a capture of one direction of a rarangi connection, with nothing but python3-cbor2.

Usage: decode-capture.py FILE

The file holds the raw bytes: a CBOR Sequence of byte strings, each of which holds one message
`[code, {field: value}]`. Prints each message as a line of JSON, byte strings in hexadecimal. Exits
with 1 at the first thing that is not such a message in the deterministic encoding.
"""

import io
import json
import sys

import cbor2


def fail(position, what):
    sys.exit(f"decode-capture: byte {position}: {what}")


def messages(capture):
    stream = io.BytesIO(capture)
    while stream.tell() < len(capture):
        position = stream.tell()
        try:
            frame = cbor2.load(stream)
            if not isinstance(frame, bytes):
                fail(position, "not a byte string")
            inner = io.BytesIO(frame)
            message = cbor2.load(inner)
        except cbor2.CBORDecodeError as error:
            fail(position, f"not CBOR: {error}")
        if inner.tell() != len(frame):
            fail(position, "bytes follow the message in its frame")
        if not isinstance(message, list) or len(message) < 2:
            fail(position, "not an array of code and fields")
        if type(message[0]) is not int or not isinstance(message[1], dict):
            fail(position, "not an array of code and fields")
        if cbor2.dumps(message, canonical=True) != frame:
            fail(position, "not the deterministic encoding")
        yield message


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        capture = file.read()
    for message in messages(capture):
        print(json.dumps(message, default=bytes.hex, ensure_ascii=False))


main()
