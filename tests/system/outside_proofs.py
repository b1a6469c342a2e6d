"""Proofs of a lesson by tools that are not ours: ffprobe, sha256sum, unzip, openssl."""

import base64
import json
import pathlib
import subprocess
import tempfile

from demo_client import run


def video_frames(file):
    """Decoded frames and their presentation times in seconds, as ffprobe counts them."""
    text = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "json", str(file))
    return [float(frame["pts_time"]) for frame in json.loads(text)["frames"]]


def decode_errors(file):
    """What ffmpeg complains about while decoding everything; '' when nothing. Pictures keep their own times: without that, ffmpeg
    rounds them to a frame rate and complains of its own rounding."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(file), "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"],
                          capture_output=True, text=True)
    return done.stderr.strip() + ("" if done.returncode == 0 else f" (exit {done.returncode})")


def strictly_rising(values):
    return all(a < b for a, b in zip(values, values[1:]))


def frame_hashes(file):
    """(time in seconds, framemd5) of every video frame, at its own time."""
    lines = run("ffmpeg", "-v", "error", "-i", str(file), "-map", "0:v:0", "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", "-").splitlines()
    base = [line for line in lines if line.startswith("#tb 0:")][0].split(":")[1].strip()
    numerator, denominator = (int(x) for x in base.split("/"))
    frames = []
    for line in lines:
        if line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split(",")]
        frames.append((int(fields[2]) * numerator / denominator, fields[5]))
    return frames


def why_not_cut_from(master, cut, start, end, grain=0.0015):
    """None when the frames `cut` are those of `master` with start <= time < end (seconds), else what is wrong.

    `grain`: how far the times of the two may lie apart, both being told in whole milliseconds; a frame that stands nearer to the
    start or the end than this may be in the cut or not.
    """
    hashes, wanted = [h for _, h in master], [h for _, h in cut]
    if not wanted:
        return "the cut has no frame"
    for first in range(len(hashes) - len(wanted) + 1):
        after = first + len(wanted)
        if (hashes[first:after] == wanted and master[first][0] >= start - grain and master[after - 1][0] < end + grain
                and (first == 0 or master[first - 1][0] < start + grain) and (after == len(master) or master[after][0] >= end - grain)):
            return None
    inside = sum(start <= time < end for time, _ in master)
    return f"{len(wanted)} frames, the master has {inside} there, or they differ"


def pae(envelope):
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload), payload


def openssl_verifies(envelope, public_key_pem):
    """True when `openssl` alone accepts the DSSE envelope's signature."""
    message, _ = pae(envelope)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "pae").write_bytes(message)
        (folder / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        (folder / "key.pem").write_text(public_key_pem)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key.pem", "-rawin",
                               "-in", folder / "pae", "-sigfile", folder / "sig"], capture_output=True, text=True)
    return done.returncode == 0


def prove_package(package, device_key_pem, folder):
    """Unpacks with unzip, checks both manifests with sha256sum and the chain of signatures with openssl. -> facts."""
    folder = pathlib.Path(folder)
    run("unzip", "-q", str(package), "-d", str(folder))
    (bag,) = folder.iterdir()
    run("sha256sum", "-c", "--quiet", "--strict", "manifest-sha256.txt", cwd=bag)
    run("sha256sum", "-c", "--quiet", "--strict", "tagmanifest-sha256.txt", cwd=bag)
    files = len((bag / "manifest-sha256.txt").read_text().splitlines())
    certificate = json.loads((bag / "seal-certificate.json").read_text())
    if not openssl_verifies(certificate, device_key_pem):
        raise AssertionError("openssl refuses the certificate of the seal key")
    seal_key = json.loads(base64.b64decode(certificate["payload"]))["key_pem"]
    seal = json.loads((bag / "seal.json").read_text())
    if not openssl_verifies(seal, seal_key):
        raise AssertionError("openssl refuses the seal")
    said = json.loads(base64.b64decode(seal["payload"]))["tagmanifest_sha256"]
    found = run("sha256sum", "tagmanifest-sha256.txt", cwd=bag).split()[0]
    if said != found:
        raise AssertionError("the seal speaks of another tag manifest")
    return {"bag": bag, "payload_files": files}
