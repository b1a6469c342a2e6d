"""ECDSA on P-256 with SHA-256, verification only: SEC 1 section 4.1.4 on the curve of SEC 2 section 2.4.2.

Signatures are DER as signatures.md says: exactly 71 bytes. Slow and not hardened: it reads public things.
"""

import hashlib

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
SIGNATURE_SIZE = 71


def on_curve(point):
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0


def add(one, other):
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(scalar, point):
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def der_integer(data, at):
    """(value, place behind it) of a positive DER INTEGER in its shortest form; None otherwise."""
    if data[at:at + 1] != b"\x02" or at + 1 >= len(data):
        return None
    size = data[at + 1]
    body = data[at + 2:at + 2 + size]
    if size == 0 or size > 33 or len(body) != size or body[0] & 0x80:
        return None
    if size > 1 and body[0] == 0 and not body[1] & 0x80:
        return None
    return int.from_bytes(body, "big"), at + 2 + size


def parse_signature(data):
    if len(data) != SIGNATURE_SIZE or data[0] != 0x30 or data[1] != SIGNATURE_SIZE - 2:
        return None
    r = der_integer(data, 2)
    s = der_integer(data, r[1]) if r else None
    return (r[0], s[0]) if s and s[1] == len(data) else None


def verify(raw, message, signature):
    """raw: x and y, 32 bytes each."""
    point = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    parsed = parse_signature(signature)
    if parsed is None or not on_curve(point):
        return False
    r, s = parsed
    if not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, N)
    found = add(multiply(digest * inverse % N, G), multiply(r * inverse % N, point))
    return found is not None and found[0] % N == r
