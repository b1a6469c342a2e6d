"""signatures.md: DSSE envelopes, keys and the key certificate."""

import base64
import hashlib
import re
from collections import namedtuple

import ed25519
import p256
import values

CERTIFICATE_TYPE = "application/vnd.shilu.key-certificate+json"

# SubjectPublicKeyInfo up to the key itself: Ed25519 (RFC 8410), 32 bytes; P-256 (RFC 5480), x and y of 32 bytes each.
KINDS = {bytes.fromhex("302a300506032b6570032100"): (32, ed25519.verify),
         bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"): (64, p256.verify)}
ENDORSEMENT_TYPE = "application/vnd.shilu.device-endorsement+json"
MAX_ENDORSEMENTS = 16
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n?")

Key = namedtuple("Key", "raw id verify")
Envelope = namedtuple("Envelope", "payload_type payload signatures")

CERTIFICATE_MEMBERS = {
    "device_id": values.is_text,
    "device_key_pem": values.is_text,
    "endorsements": values.is_list,
    "issued_utc": values.is_time,
    "key_level": values.one_of("software", "hardware"),
    "key_pem": values.is_text,
    "not_after_utc": values.is_time,
    "not_before_utc": values.is_time,
    "role": values.one_of("recording", "seal"),
}


class SignatureError(Exception):
    pass


def decode_base64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise SignatureError("not base64") from None
    # Spare bits in the last letter would be a place to change a line unseen.
    if base64.b64encode(data).decode("ascii") != text:
        raise SignatureError("not the shortest base64")
    return data


def key_from_pem(pem):
    match = PEM.fullmatch(pem) if isinstance(pem, str) else None
    if not match:
        raise SignatureError("not a PEM public key")
    der = decode_base64(match.group(1).replace("\n", ""))
    for prefix, (size, verify) in KINDS.items():
        if der.startswith(prefix) and len(der) == len(prefix) + size:
            return Key(der[len(prefix):], "sha256:" + hashlib.sha256(der).hexdigest(), verify)
    raise SignatureError("not a key of Ed25519 or P-256")


def pre_authentication(payload_type, payload):
    name = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def parse_envelope(value):
    """The envelope in a JSON object; nothing is verified yet."""
    kinds = {"payloadType": values.is_text, "payload": values.is_text,
             "signatures": values.is_list}
    if not isinstance(value, dict) or values.wrong_members(value, kinds):
        raise SignatureError("not a DSSE envelope")
    signatures = []
    for entry in value["signatures"]:
        if (not isinstance(entry, dict)
                or values.wrong_members(entry, {"keyid": values.is_text, "sig": values.is_text})):
            raise SignatureError("not a DSSE signature")
        signatures.append((entry["keyid"], decode_base64(entry["sig"])))
    return Envelope(value["payloadType"], decode_base64(value["payload"]), signatures)


def verify_envelope(envelope, payload_type, key):
    """Raises unless the envelope is of that type and its one signature is by the key."""
    if envelope.payload_type != payload_type:
        raise SignatureError(f"payload type is {envelope.payload_type}")
    if len(envelope.signatures) != 1:
        raise SignatureError(f"{len(envelope.signatures)} signatures instead of one")
    key_id, signature = envelope.signatures[0]
    if key_id != key.id:
        raise SignatureError(f"signed by {key_id}, expected {key.id}")
    message = pre_authentication(envelope.payload_type, envelope.payload)
    if not key.verify(key.raw, message, signature):
        raise SignatureError("the signature does not verify")


def read_certificate(value, role):
    """(key, device id, complaints) of a key certificate's envelope.

    The key comes back even where the certificate is wrong, so that what the key
    signed can still be checked for its own faults.
    """
    try:
        envelope = parse_envelope(value)
        content = values.parse_object(envelope.payload)
        wrong = values.wrong_members(content, CERTIFICATE_MEMBERS)
        if wrong:
            raise SignatureError("members: " + ", ".join(wrong))
        key = key_from_pem(content["key_pem"])
    except (SignatureError, values.JsonError) as error:
        return None, None, [str(error)]
    return key, content["device_id"], certificate_complaints(envelope, content, role)


def certificate_complaints(envelope, content, role):
    complaints = []
    if content["role"] != role:
        complaints.append(f"role is {content['role']}, expected {role}")
    try:
        device_key = key_from_pem(content["device_key_pem"])
        short = device_key.id[len("sha256:"):][:16]
        if content["device_id"] != "d-" + short:
            complaints.append(f"device_id {content['device_id']} is not that of the device key")
        verify_envelope(envelope, CERTIFICATE_TYPE, device_key)
        device_keys(content)
        if values.instant(content["not_after_utc"]) < values.instant(content["not_before_utc"]):
            complaints.append("the certificate ends before it begins")
        kinds = {len(key_from_pem(content[name]).raw) for name in ("key_pem", "device_key_pem")}
        if content["key_level"] == "hardware" and kinds != {64}:
            complaints.append("key_level hardware of a key that is not P-256")
    except (SignatureError, values.JsonError, KeyError) as error:
        complaints.append(str(error))
    return complaints


def device_keys(content):
    """The device's key and those that it had before, newest first, of a certificate's payload."""
    keys = [key_from_pem(content["device_key_pem"])]
    if len(content["endorsements"]) > MAX_ENDORSEMENTS:
        raise SignatureError("too many endorsements")
    for value in content["endorsements"]:
        envelope = parse_envelope(value)
        said = values.parse_object(envelope.payload)
        previous = key_from_pem(said["previous_device_key_pem"])
        verify_envelope(envelope, ENDORSEMENT_TYPE, previous)
        if key_from_pem(said["device_key_pem"]).id != keys[-1].id or not values.is_time(said["endorsed_utc"]):
            raise SignatureError("an endorsement of something else")
        keys.append(previous)
    return keys
