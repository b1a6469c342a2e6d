"""DSSE envelopes (docs/ref/signatures.md) that openssl signs."""

import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout


def key_id(key_file):
    return "sha256:" + hashlib.sha256(openssl("pkey", "-in", key_file, "-pubout", "-outform", "DER")).hexdigest()


def signed(kind, payload, key_file):
    """The envelope's text; `payload` becomes canonical JSON."""
    payload, kind = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), kind.encode()
    with tempfile.TemporaryDirectory(prefix="shilu-dsse-") as folder:
        told = pathlib.Path(folder) / "pae"
        told.write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", key_file, "-in", told)
    return '{"payloadType":"%s","payload":"%s","signatures":[{"keyid":"%s","sig":"%s"}]}' % (
        kind.decode(), base64.b64encode(payload).decode(), key_id(key_file), base64.b64encode(signature).decode())
