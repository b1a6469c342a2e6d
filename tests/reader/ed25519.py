#!/usr/bin/env python3
"""Ed25519 verification, RFC 8032 section 5.1, in plain integers.

Run as a program it checks itself against the vectors of RFC 8032 section 7.1.
Nothing here is constant-time: it handles public keys and signatures only.
"""

import hashlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)

# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z (section 5.1.4).
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def double(p):
    a = p[0] * p[0] % P
    b = p[1] * p[1] % P
    c = 2 * p[2] * p[2] % P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % P
    g = a - b
    f = c + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def negate(p):
    return (-p[0] % P, p[1], p[2], -p[3] % P)


def multiply_both(s, p, k, q):
    """s*p + k*q with one chain of doublings for both, which halves the time."""
    choice = (None, p, q, add(p, q))
    total = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        total = double(total)
        chosen = choice[(s >> bit & 1) | (k >> bit & 1) << 1]
        if chosen is not None:
            total = add(total, chosen)
    return total


def encode_point(p):
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_point(data):
    """Section 5.1.3. None where the bytes are not the encoding of a point."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= 2**255 - 1
    if len(data) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def challenge(r_bytes, public_key, message):
    digest = hashlib.sha512(r_bytes + public_key + message).digest()
    return int.from_bytes(digest, "little") % L


def verify(public_key, message, signature):
    """True if signature (64 bytes) over message is by public_key (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    a = decode_point(public_key)
    r_bytes, s = signature[:32], int.from_bytes(signature[32:], "little")
    if a is None or s >= L:
        return False
    k = challenge(r_bytes, public_key, message)
    # R = s*B - k*A, compared as bytes: also refuses an R that is encoded badly.
    return encode_point(multiply_both(s, BASE, k, negate(a))) == r_bytes


# RFC 8032 section 7.1: secret key, public key, message, signature.
VECTORS = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
     "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]


def self_test():
    """The list of complaints; empty if all vectors behave."""
    complaints = []
    for number, (_, public, message, signature) in enumerate(VECTORS, 1):
        public, message, signature = map(bytes.fromhex, (public, message, signature))
        if not verify(public, message, signature):
            complaints.append(f"vector {number}: refused")
        if verify(public, message + b"x", signature):
            complaints.append(f"vector {number}: accepted for another message")
        s_plus_l = int.from_bytes(signature[32:], "little") + L
        if verify(public, message, signature[:32] + s_plus_l.to_bytes(32, "little")):
            complaints.append(f"vector {number}: accepted with S not below L")
        for place in (0, 31, 32, 63):
            flipped = bytearray(signature)
            flipped[place] ^= 1
            if verify(public, message, bytes(flipped)):
                complaints.append(f"vector {number}: accepted with byte {place} changed")
    return complaints


def main():
    complaints = self_test()
    print("\n".join(complaints) or "ed25519: ok")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
