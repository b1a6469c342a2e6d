#!/usr/bin/env python3
"""record -> package -> verify on the command line, and what it says when something is wrong."""

import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from evidence_tools import DOCUMENTS, ROOT, Package, Teller, call, must, pack, public_key  # noqa: E402


def record(bin_folder, lesson, keys):
    """Eight seconds from the demonstration cameras; False where these programs are not built."""
    camera, shilu = bin_folder / "shilu-demo-camera", bin_folder / "shilu"
    if not camera.exists() or not (bin_folder / "shilu-capture").exists():
        return False
    process = subprocess.Popen([camera, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        told = json.loads(process.stdout.readline())
        address = f"rtsp://127.0.0.1:{told['port']}"
        must(shilu, "record", "--out", lesson, "--source", f"room={address}/room", "--source", f"board={address}/board",
             "--for", "8s", "--keys", keys, "--json")
    finally:
        process.terminate()
        process.wait(timeout=20)
    return True


def facts_of(output):
    return {(fact["fact"], fact.get("clip", 0)): fact["value"] for fact in json.loads(output)["facts"]}


def check_schema(teller, package):
    """By a validator that is not ours; Debian's python3-jsonschema."""
    data = Package(package).files["data/evidence.json"]
    code = ("import json, sys, jsonschema; v = jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))); "
            "print([e.message for e in v.iter_errors(json.loads(sys.stdin.read()))])")
    name = "evidence.json keeps to its schema, and the schema is one that refuses"
    for python in ("/usr/bin/python3", sys.executable):
        if pathlib.Path(python).exists() and call(python, "-c", "import jsonschema").returncode == 0:
            schema = ROOT / "config/schemas/evidence.schema.json"
            good = must(python, "-c", code, schema, input=data.decode())
            bad = must(python, "-c", code, schema, input=data.decode().replace('"shilu-evidence/1"', '"x"').replace('"fields":', '"more":{},"fields":'))
            return teller.check(name, good == "[]\n" and "was expected" in bad and "more" in bad, good + bad)
    print(f"skip {name}: python3-jsonschema is not installed")


def check_good(teller, shilu, package, device):
    plain = call(shilu, "verify", package, "--trust", device)
    teller.check("verify accepts the package", plain.returncode == 0, plain.stdout + plain.stderr)
    wanted = ["structure intact", "contents intact", "seal valid", "device known", "recording signed", "teacher asserted",
              "identity absent", "receipt absent"]
    lines = plain.stdout.splitlines()
    missing = [fact for fact in wanted if not any(line.startswith(fact + " ") for line in lines)]
    teller.check("each fact stands on a line of its own, with words", not missing, f"{missing} in {plain.stdout}")
    teller.check("continuity is told", any(line.startswith("continuity whole") for line in lines), plain.stdout)
    as_json = call(shilu, "verify", package, "--trust", device, "--json")
    facts = facts_of(as_json.stdout)
    teller.check("JSON says the same", all(facts.get((fact.split()[0], 0)) == fact.split()[1] for fact in wanted), as_json.stdout)
    said = json.loads(as_json.stdout)
    teller.check("JSON gives the package's digest", said["sha256"] == hashlib.sha256(package.read_bytes()).hexdigest(), said)
    teller.check("and nobody's name", "T001" not in as_json.stdout, as_json.stdout)


def check_damage(teller, shilu, package, folder):
    data = package.read_bytes()
    for name, place, fact in [("the first byte", 0, "structure"), ("the middle", len(data) // 2, "contents"),
                              ("the zip directory", len(data) - 30, "structure")]:
        bad = bytearray(data)
        bad[place] ^= 0x10
        (folder / "flipped.zip").write_bytes(bad)
        done = call(shilu, "verify", folder / "flipped.zip")
        teller.check(f"a bit flipped in {name} is refused as {fact} altered",
                     done.returncode == 1 and f"{fact} altered" in done.stdout and "REFUTED: " in done.stdout, done.stdout + done.stderr)
    (folder / "short.zip").write_bytes(data[:-1])
    done = call(shilu, "verify", folder / "short.zip")
    teller.check("a cut file is refused", done.returncode == 1 and "structure altered" in done.stdout, done.stdout)
    unsealed = Package(package)
    del unsealed.files["seal.json"]
    done = call(shilu, "verify", unsealed.write(folder / "unsealed.zip"))
    teller.check("a package put together by another zip program is refused", done.returncode == 1 and "structure altered" in done.stdout, done.stdout)


def check_trust(teller, shilu, package, folder):
    must("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "other.key")
    must("openssl", "pkey", "-in", folder / "other.key", "-pubout", "-out", folder / "other.pem")
    done = call(shilu, "verify", package, "--trust", folder / "other.pem")
    teller.check("an unknown device is refused", done.returncode == 1 and "device unknown" in done.stdout, done.stdout)
    done = call(shilu, "verify", package)
    teller.check("without a list nobody is asked", done.returncode == 0 and "device not-asked" in done.stdout, done.stdout)


def check_lesson(teller, shilu, lesson, device, folder):
    done = call(shilu, "verify", lesson, "--trust", device)
    teller.check("verify accepts the lesson's folder", done.returncode == 0 and "tail signed" in done.stdout, done.stdout + done.stderr)
    copy = folder / "damaged-lesson"
    shutil.copytree(lesson, copy)
    media = next(copy.glob("room.video/e*.mp4"))
    data = bytearray(media.read_bytes())
    data[len(data) // 2] ^= 1
    media.write_bytes(data)
    done = call(shilu, "verify", copy)
    teller.check("a damaged lesson is refused", done.returncode == 1 and "contents altered" in done.stdout, done.stdout)
    return copy


def check_wrong_use(teller, shilu, lesson, damaged, keys, package, folder):
    text = folder / "text.pdf"
    text.write_text("just text")
    plan = f"教学设计={DOCUMENTS / 'lesson-plan.pdf'}"
    base = {"--lesson": lesson, "--clip": "1-3", "--point": "A6", "--teacher": "T001", "--document": plan, "--keys": keys, "--out": folder / "no.zip"}

    def refused(name, code, words, **changes):
        options = {**base, **{"--" + key: value for key, value in changes.items()}}
        done = call(shilu, "package", *[word for pair in options.items() for word in pair])
        teller.check(f"package: {name} gives {code} and a sentence that helps",
                     done.returncode == code and all(word in done.stderr for word in words) and not (folder / "no.zip").exists(),
                     f"exit {done.returncode}: {done.stdout}{done.stderr}")

    refused("an unknown point", 2, ["A66", "A6", "技术支持的课堂讲授"], point="A66")
    refused("a text file as PDF", 2, ["text.pdf", "a text file", "a PDF"], document=f"教学设计={text}")
    refused("a clip outside the lesson", 2, ["reaches outside the lesson"], clip="5-5000")
    refused("a clip that ends before it begins", 2, ["empty"], clip="5-2")
    refused("a clip that is no range", 2, ["12.0-25.5"], clip="soon")
    refused("a missing lesson", 1, ["nowhere", "not the folder of a lesson"], lesson=folder / "nowhere")
    refused("a missing document", 1, ["nowhere.pdf"], document=f"教学设计={folder / 'nowhere.pdf'}")
    refused("a document without a title", 2, ["NAME=VALUE"], document="plan.pdf")
    refused("an unknown source", 2, ["roof", "room"], source="roof")
    refused("no keys", 1, ["--keys"], keys=folder / "no-keys")
    refused("a platform key that is none", 2, ["--platform-key"], **{"platform-key": "hello"})
    refused("a lesson whose media are damaged", 1, ["room.video"], lesson=damaged, clip="0-8")
    must("mkdir", folder / "other-keys")
    must("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "other-keys/device.key")
    refused("keys of another device", 1, ["the keys of the device that recorded it"], keys=folder / "other-keys")
    done = call(shilu, "package", "--lesson", lesson)
    teller.check("package: missing options give 2", done.returncode == 2, done.stderr)
    done = call(shilu, "package", *[word for pair in {**base, "--point": "A66"}.items() for word in pair], "--json")
    teller.check("package: errors are JSON when asked for", done.returncode == 2 and json.loads(done.stdout)["error"]["kind"] == "invalid-argument", done.stdout)
    for name, arguments, words in [("a file that is not there", [folder / "nowhere.zip"], ["nowhere.zip"]),
                                   ("a trust list without keys", [package, "--trust", text], ["public key"]),
                                   ("a receipt without its key", [package, "--receipt", text], ["--platform-key"])]:
        done = call(shilu, "verify", *arguments)
        teller.check(f"verify: {name} gives 2", done.returncode == 2 and all(word in done.stderr for word in words), f"{done.returncode} {done.stderr}")
    done = call(shilu, "verify", text)
    teller.check("verify: a file that is no package is refused in words", done.returncode == 1 and "this is not a package" in done.stdout, done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    bin_folder = parser.parse_args().bin.resolve()
    shilu, fixture = bin_folder / "shilu", bin_folder / "shilu-fixture-lesson"
    teller = Teller()
    with tempfile.TemporaryDirectory(prefix="shilu-evidence-") as name:
        folder = pathlib.Path(name)
        lesson, keys = folder / "lesson", folder / "keys"
        if not record(bin_folder, lesson, keys):
            if not fixture.exists():
                print("skip evidence on the command line: neither cameras nor a fixture are built")
                return 0
            must(fixture, lesson, "--seconds", "8", "--board")
        device = public_key(keys, folder / "device.pem")
        package = folder / "p.zip"
        packed = pack(shilu, lesson, keys, package, "--json")
        teller.check("a lesson is packed", packed.returncode == 0, packed.stdout + packed.stderr)
        if packed.returncode != 0:
            return 1
        said = json.loads(packed.stdout)
        teller.check("what package says of the file is so", (said["sha256"], said["size_bytes"]) ==
                     (hashlib.sha256(package.read_bytes()).hexdigest(), package.stat().st_size), said)
        check_good(teller, shilu, package, device)
        check_schema(teller, package)
        check_damage(teller, shilu, package, folder)
        check_trust(teller, shilu, package, folder)
        damaged = check_lesson(teller, shilu, lesson, device, folder)
        check_wrong_use(teller, shilu, lesson, damaged, keys, package, folder)
    return 1 if teller.failed else 0


if __name__ == "__main__":
    sys.exit(main())
