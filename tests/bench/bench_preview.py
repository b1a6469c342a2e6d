#!/usr/bin/env python3
"""How far the live picture is behind the camera when it reaches a page's socket, beside what the page saw before: fragments once durable.

bench_preview.py --bin DIR
"""

import argparse
import base64
import os
import pathlib
import socket
import statistics
import struct
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
sys.path.insert(0, str(HERE.parent / "demo"))
sys.dont_write_bytecode = True

from demo_run import both_live, classroom, teacher  # noqa: E402
from read_counters import read_counters  # noqa: E402

PIECES = 200
WARM_UP = 50  # the first come in a burst, from the last key picture on


def pieces_of(url, token):
    """(CLOCK_MONOTONIC ns, bytes) of each binary message of the live picture; the header first. RFC 6455 by hand."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        line.sendall(f"GET /api/preview/room.video HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        stream = line.makefile("rb")
        while stream.readline().strip():
            pass
        pieces = []
        while len(pieces) < PIECES:
            first, second = stream.read(2)
            size = second & 0x7F
            if size >= 126:
                size, = struct.unpack(">H" if size == 126 else ">Q", stream.read(2 if size == 126 else 8))
            body = stream.read(size)
            if first & 0x0F == 2:
                pieces.append((time.clock_gettime_ns(time.CLOCK_MONOTONIC), body))
        return pieces


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    bin_folder = parser.parse_args().bin.resolve()
    with classroom(bin_folder) as told, tempfile.TemporaryDirectory() as folder:
        me = teacher(told)
        both_live(me)
        me.post("/api/recording", {"topic": "bench"})
        try:
            pieces = pieces_of(told["device_url"], me.token)
            durable_lag_ms = me.get("/api/state")["lesson"]["durable_lag_ms"]
        finally:
            me.call("DELETE", "/api/recording")
        film = pathlib.Path(folder) / "live.mp4"
        film.write_bytes(b"".join(body for _, body in pieces))
        sent = {}
        for entry in pathlib.Path(told["camera_log"]).read_text().splitlines():
            stream, counter, at = entry.split()
            if stream == "room":
                sent[int(counter)] = int(at)
        counters = [counter for _, counter in read_counters(film)]
        behind = sorted((at - sent[counter]) / 1e6 for (at, _), counter in list(zip(pieces[1:], counters))[WARM_UP:] if counter in sent)
    print("behind the camera                          median      95 %     worst")
    print(f"a picture at the page's socket          {statistics.median(behind):6.0f} ms {behind[int(len(behind) * 0.95)]:6.0f} ms {behind[-1]:6.0f} ms")
    print(f"a fragment, once durable (recorder)     {durable_lag_ms:6.0f} ms")


if __name__ == "__main__":
    main()
