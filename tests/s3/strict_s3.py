#!/usr/bin/env python3
"""A strict S3 store for tests: refuses what real stores refuse, and says it in their words. Prints its port, serves at --address until
killed.

Checked: Signature V4 in the header and in the URL, the payload's SHA-256, Content-MD5, 15 minutes of clock, part numbers and
the 5 MiB rule, ETags at the end, unknown uploads, pages of ListParts. One bucket, in memory or below --directory. Standard
library only.

Misbehaviour on demand: --skew S (its clock), --busy N (the first N parts get 503), --damage N (part N arrives with a flipped
bit, once), --lose-answer (the first completion is done and its answer never sent), --page N (parts a page), --rate N (bytes per
second that it reads), --plain-urls (as Swift: presigned URLs never name a digest), --front FILE (while it is there, something in
front of the store answers with the status that stands in it, and no store's words), --join-takes S (seconds of a completion). --log FILE gets a line of JSON for each part
(with how many were coming in when it began), completion and removal that was done."""

import argparse
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import secrets
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ACCESS, SECRET, REGION = "test-access", "test-secret/with+signs", "us-east-1"
MIN_PART = 5 << 20


class Refusal(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def quote(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


def signature(date_time, region, canonical):
    scope = f"{date_time[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date_time, scope, sha256(canonical.encode())])
    key = ("AWS4" + SECRET).encode()
    for step in (date_time[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Store:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.log_lock = threading.Lock()
        self.uploads = {}  # id -> {"key", "sha256", "parts": {number: bytes}}
        self.objects = {}  # key -> {"data", "etag", "sha256"}
        self.under_way = 0  # requests whose bodies are being read
        self.busy = options.busy
        self.damage = options.damage
        self.lose_answer = options.lose_answer

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.options.skew)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return self.store.now().strftime("%a, %d %b %Y %H:%M:%S GMT")

    # -- who asks

    def canonical(self, query, names, payload):
        pairs = sorted((quote(k), quote(v)) for k, v in query)
        headers = "".join(f"{name}:{(self.headers[name] or '').strip()}\n" for name in names)
        return "\n".join([self.command, quote(urllib.parse.unquote(self.url.path), "-_.~/"),
                          "&".join(f"{k}={v}" for k, v in pairs), headers, ";".join(names), payload])

    def check_time(self, date_time):
        when = datetime.datetime.strptime(date_time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs((self.store.now() - when).total_seconds()) > 900:
            raise Refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")

    def check_header(self, text):
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", text)
        if not match:
            raise Refusal(400, "AuthorizationHeaderMalformed")
        access, _, region, names, claimed = match.groups()
        names = names.split(";")
        unsigned = [n.lower() for n in self.headers if n.lower().startswith("x-amz-") and n.lower() not in names]
        if "host" not in names or unsigned:
            raise Refusal(403, "AccessDenied", f"There were headers present in the request which were not signed: {unsigned}")
        payload, date_time = self.headers["x-amz-content-sha256"], self.headers["x-amz-date"]
        if not payload or not date_time:
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        self.check_time(date_time)
        if access != ACCESS:
            raise Refusal(403, "InvalidAccessKeyId")
        if signature(date_time, region, self.canonical(self.query, names, payload)) != claimed:
            raise Refusal(403, "SignatureDoesNotMatch")
        return payload

    def check_presigned(self):
        given = dict(self.query)
        claimed, date_time = given["X-Amz-Signature"], given["X-Amz-Date"]
        names = given["X-Amz-SignedHeaders"].split(";")
        unsigned = [n.lower() for n in self.headers if n.lower().startswith("x-amz-") and n.lower() not in names]
        if unsigned:
            raise Refusal(403, "AccessDenied", f"There were headers present in the request which were not signed: {unsigned}")
        named = "x-amz-content-sha256" in names and not self.store.options.plain_urls
        payload = self.headers["x-amz-content-sha256"] if named else "UNSIGNED-PAYLOAD"
        access, _, region = given["X-Amz-Credential"].split("/")[:3]
        when = datetime.datetime.strptime(date_time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if self.store.now() > when + datetime.timedelta(seconds=int(given["X-Amz-Expires"])):
            raise Refusal(403, "AccessDenied", "Request has expired")
        rest = [(k, v) for k, v in self.query if k != "X-Amz-Signature"]
        if access != ACCESS or signature(date_time, region, self.canonical(rest, names, payload or "")) != claimed:
            raise Refusal(403, "SignatureDoesNotMatch")
        return payload

    # -- what is asked

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def xml(self, text):
        self.answer(200, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode(), [("Content-Type", "application/xml")])

    def read_body(self, length):
        rate = self.store.options.rate
        if not rate:
            return self.rfile.read(length)
        body = bytearray()
        while len(body) < length:
            piece = self.rfile.read(min(64 << 10, length - len(body)))
            if not piece:
                raise ConnectionError("the sender is gone")
            body += piece
            time.sleep(len(piece) / rate)
        return bytes(body)

    def tell(self, done, **more):
        if self.store.options.log:
            with self.store.log_lock, open(self.store.options.log, "a") as log:
                log.write(json.dumps({"done": done, **more}) + "\n")

    def handle_one(self):
        self.url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qsl(self.url.query, keep_blank_values=True)
        with self.store.log_lock:
            self.store.under_way += 1
            self.at_once = self.store.under_way
        try:
            body = self.read_body(int(self.headers["Content-Length"] or 0))
        finally:
            with self.store.log_lock:
                self.store.under_way -= 1
        if self.command == "POST" and "uploadId" in dict(self.query):
            time.sleep(self.store.options.join_takes)
        front = self.store.options.front
        if front and front.exists():
            return self.answer(int(front.read_text()), b"<html>nginx</html>", [("Content-Type", "text/html")])
        try:
            if self.headers["Authorization"]:
                payload = self.check_header(self.headers["Authorization"])
            elif "X-Amz-Signature" in dict(self.query):
                payload = self.check_presigned()
            else:
                raise Refusal(403, "AccessDenied", "Anonymous access is forbidden.")
            self.act(body, payload)
        except Refusal as refusal:
            said = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
            self.answer(refusal.status, said.encode(), [("Content-Type", "application/xml")])

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def act(self, body, payload):
        _, bucket, key = (urllib.parse.unquote(self.url.path).split("/", 2) + ["", ""])[:3]
        if bucket != "lessons":
            raise Refusal(404, "NoSuchBucket")
        with self.store.lock:
            asked = dict(self.query)
            if self.command == "POST" and "uploads" in asked:
                return self.begin(bucket, key)
            if "uploadId" in asked:
                return self.of_upload(bucket, key, asked, body, payload)
            return self.of_object(key)

    def begin(self, bucket, key):
        upload = secrets.token_urlsafe(12) + "+/="  # ids may hold anything
        self.store.uploads[upload] = {"key": key, "sha256": self.headers["x-amz-meta-sha256"] or "", "parts": {}}
        self.xml(f"<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")

    def of_upload(self, bucket, key, asked, body, payload):
        upload = self.store.uploads.get(asked["uploadId"])
        if upload is None or upload["key"] != key:
            raise Refusal(404, "NoSuchUpload", "The specified upload does not exist.")
        if self.command == "PUT":
            self.put_part(upload, int(asked["partNumber"]), body, payload)
        elif self.command == "GET":
            self.list_parts(upload, int(asked.get("part-number-marker", "0")))
        elif self.command == "POST":
            self.complete(bucket, key, asked["uploadId"], upload, body)
        elif self.command == "DELETE":
            del self.store.uploads[asked["uploadId"]]
            self.tell("abort", key=key)
            self.answer(204)

    def put_part(self, upload, number, body, payload):
        if not 1 <= number <= 10000:
            raise Refusal(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        if self.store.busy > 0:
            self.store.busy -= 1
            raise Refusal(503, "SlowDown", "Please reduce your request rate.")
        if self.store.damage == number:
            self.store.damage = 0
            body = bytes([body[0] ^ 1]) + body[1:]
        claimed = self.headers["Content-MD5"]
        if claimed and base64.b64encode(hashlib.md5(body).digest()).decode() != claimed:
            raise Refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        if payload != "UNSIGNED-PAYLOAD" and sha256(body) != payload:
            raise Refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
        upload["parts"][number] = body
        self.tell("part", key=upload["key"], number=number, bytes=len(body), at_once=self.at_once)
        self.answer(200, headers=[("ETag", f'"{hashlib.md5(body).hexdigest()}"')])

    def list_parts(self, upload, marker):
        numbers = [n for n in sorted(upload["parts"]) if n > marker]
        page = numbers[:self.store.options.page]
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><Size>{len(upload['parts'][n])}</Size>"
                        f'<ETag>"{hashlib.md5(upload["parts"][n]).hexdigest()}"</ETag></Part>' for n in page)
        more = len(numbers) > len(page)
        self.xml(f"<ListPartsResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                 f"<NextPartNumberMarker>{page[-1] if page else 0}</NextPartNumberMarker>{parts}</ListPartsResult>")

    def complete(self, bucket, key, upload_id, upload, body):
        named = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>\"?([^\"<]+)\"?</ETag>", body.decode())
        if not named or [int(n) for n, _ in named] != sorted({int(n) for n, _ in named}):
            raise Refusal(400, "InvalidPartOrder")
        digests, data = b"", b""
        for at, (number, etag) in enumerate(named):
            part = upload["parts"].get(int(number))
            if part is None or hashlib.md5(part).hexdigest() != etag:
                raise Refusal(400, "InvalidPart")
            if at + 1 < len(named) and len(part) < MIN_PART:
                raise Refusal(400, "EntityTooSmall")
            digests += hashlib.md5(part).digest()
            data += part
        etag = f"{hashlib.md5(digests).hexdigest()}-{len(named)}"
        self.store.objects[key] = {"data": data, "etag": etag, "sha256": upload["sha256"]}
        del self.store.uploads[upload_id]
        self.tell("complete", key=key, bytes=len(data))
        if self.store.options.directory:
            file = self.store.options.directory / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        if self.store.lose_answer:
            self.store.lose_answer = False
            self.close_connection = True
            return None
        return self.xml(f"<CompleteMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><ETag>\"{etag}\"</ETag></CompleteMultipartUploadResult>")

    def of_object(self, key):
        thing = self.store.objects.get(key)
        if self.command == "DELETE":
            self.store.objects.pop(key, None)
            self.tell("remove", key=key)
            return self.answer(204)
        if thing is None:
            raise Refusal(404, "NoSuchKey")
        headers = [("ETag", f'"{thing["etag"]}"'), ("x-amz-meta-sha256", thing["sha256"])]
        if self.command == "HEAD":
            return self.answer(200, headers=[*headers, ("Content-Length", str(len(thing["data"])))])
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")
        if not match:
            return self.answer(200, thing["data"], headers)
        first, last = int(match[1]), min(int(match[2]), len(thing["data"]) - 1)
        if first > last:
            raise Refusal(416, "InvalidRange")
        headers.append(("Content-Range", f"bytes {first}-{last}/{len(thing['data'])}"))
        return self.answer(206, thing["data"][first:last + 1], headers)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients that hang up are what some tests are about
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=pathlib.Path)
    parser.add_argument("--skew", type=float, default=0)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--damage", type=int, default=0)
    parser.add_argument("--lose-answer", action="store_true")
    parser.add_argument("--page", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--plain-urls", action="store_true")
    parser.add_argument("--join-takes", type=float, default=0)
    parser.add_argument("--front", type=pathlib.Path)
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--address", default="127.0.0.1")
    Handler.store = Store(parser.parse_args())
    server = Server((Handler.store.options.address, 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
