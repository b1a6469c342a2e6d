"""JSON as the pages write it, and the kinds of value in it."""

import datetime
import json
import re

LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
RFC3339 = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)"
    r"(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)")
HEX32 = re.compile(r"[0-9a-f]{64}")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# No slash, no leading dot, nothing that no file system takes: it becomes a folder's name.
TRACK = re.compile(r"([^/\\.\x00-\x1f\ud800-\udfff][^/\\\x00-\x1f\ud800-\udfff]*)\.(video|audio)")


class JsonError(Exception):
    pass


def refuse_constant(word):
    raise ValueError(f"{word} is not JSON")


def parse_object(data, in_order=False):
    """The JSON object in the bytes. in_order: keys must be sorted, at every depth."""
    def collect(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError("a key twice")
        if in_order and keys != sorted(keys):
            raise ValueError("keys not sorted: " + ",".join(keys))
        return dict(pairs)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=collect,
                           parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise JsonError(str(error)) from None
    if not isinstance(value, dict):
        raise JsonError("not an object")
    return value


def parse_compact(data):
    """An object with keys sorted and no blanks outside its strings."""
    value = parse_object(data, in_order=True)
    if re.search(r"\s", LITERAL.sub("", data.decode("utf-8"))):
        raise JsonError("blanks between the members")
    return value


def is_text(value):
    return isinstance(value, str) and value != ""


def is_bool(value):
    return isinstance(value, bool)


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value):
    return is_int(value) and value >= 0


def is_positive(value):
    return is_int(value) and value > 0


def is_u16(value):
    return is_int(value) and 0 <= value <= 0xFFFF


def is_time(value):
    return isinstance(value, str) and RFC3339.fullmatch(value) is not None


def instant(text):
    """A time as a number, to be compared with others."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def is_sha256(value):
    return isinstance(value, str) and HEX32.fullmatch(value) is not None


def is_uuid7(value):
    return isinstance(value, str) and UUID7.fullmatch(value) is not None


def is_track(value):
    return isinstance(value, str) and TRACK.fullmatch(value) is not None


def is_object(value):
    return isinstance(value, dict)


def is_list(value):
    return isinstance(value, list)


def one_of(*words):
    return lambda value: isinstance(value, str) and value in words


def wrong_members(value, kinds, optional=()):
    """Names of members that are missing or of the wrong kind."""
    return [name for name, right in kinds.items()
            if not (name in optional and name not in value)
            and not (name in value and right(value[name]))]
