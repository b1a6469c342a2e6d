"""A WebSocket client on the standard library alone, written from RFC 6455; each case prints what it saw.

usage: websocket_peer.py PORT CASE
"""
import base64
import hashlib
import os
import socket
import struct
import sys


class Peer:
    def __init__(self, port, path="/live", extra=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.received = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extra}\r\n".encode())
        while b"\r\n\r\n" not in self.received:
            self.fill()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
        if self.status == 101:
            want = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert self.fields["sec-websocket-accept"] == base64.b64encode(want).decode()

    def fill(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise EOFError
        self.received += data

    def take(self, count):
        while len(self.received) < count:
            self.fill()
        out, self.received = self.received[:count], self.received[count:]
        return out

    def send(self, opcode, payload, final=True, masked=True):
        size = len(payload)
        head = bytes([(0x80 if final else 0) | opcode])
        bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        if masked:
            mask = os.urandom(4)
            payload = mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload))
        self.socket.sendall(head + payload)

    def frame(self):
        first, second = self.take(2)
        assert not second & 0x80, "a server must not mask"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first >> 7, first & 15, self.take(size)

    def close_code(self):
        """The code of the close frame that comes; frames before it are read over."""
        while True:
            _, opcode, payload = self.frame()
            if opcode == 8:
                return struct.unpack(">H", payload[:2])[0] if payload else None


def echo(port):
    peer = Peer(port)
    peer.send(1, "课 one".encode())
    print(peer.frame()[2].decode())
    peer.send(1, b"in ", final=False)
    peer.send(9, b"between")  # a ping inside a fragmented message
    peer.send(0, b"pieces")
    print(*[f"{opcode}:{payload.decode()}" for _, opcode, payload in (peer.frame(), peer.frame())])
    peer.send(1, b"x" * 65536)
    print(len(peer.frame()[2]))
    peer.send(8, struct.pack(">H", 1000))
    print("closed", peer.close_code())


def binary(port):
    peer = Peer(port, "/video")
    hashes = hashlib.sha256()
    total = 0
    for _ in range(20):
        final, opcode, payload = peer.frame()
        assert final == 1 and opcode == 2
        hashes.update(payload)
        total += len(payload)
    print(total, hashes.hexdigest())
    print("text", peer.frame()[2].decode())
    print("closed", peer.close_code())


def too_large(port):
    peer = Peer(port)
    peer.send(1, b"x" * 65537)
    print("closed", peer.close_code())


def too_large_in_pieces(port):
    peer = Peer(port)
    for _ in range(5):
        peer.send(1 if _ == 0 else 0, b"x" * 16000, final=False)
    print("closed", peer.close_code())


def unmasked(port):
    peer = Peer(port)
    peer.send(1, b"hello", masked=False)
    print("closed", peer.close_code())


def not_utf8(port):
    peer = Peer(port)
    peer.send(1, b"\xc0\xaf")
    print("closed", peer.close_code())


def client_binary(port):
    peer = Peer(port)
    peer.send(2, b"\0\1\2")
    print("closed", peer.close_code())


def reserved(port):
    peer = Peer(port)
    peer.send(3, b"")
    print("closed", peer.close_code())


def refused(port):
    peer = Peer(port, "/live", "X-Refuse: yes\r\n")
    print(peer.status, peer.fields["content-type"])


def early(port):
    """The first frame travels with the handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    mask = b"\1\2\3\4"
    payload = bytes(b ^ mask[i & 3] for i, b in enumerate(b"early"))
    raw.sendall(
        f"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode() + b"\x81\x85" + mask + payload)
    data = b""
    while b"early" not in data:
        more = raw.recv(4096)
        if not more:
            break
        data += more
    print(data.split(b"\r\n")[0].decode(), data[-7:])


def vanish(port):
    Peer(port).send(1, b"here")  # and gone without a word


def wait_close(port):
    print("closed", Peer(port).close_code())


globals()[sys.argv[2]](int(sys.argv[1]))
