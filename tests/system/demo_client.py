"""Talks to the appliance and the platform over HTTP as their pages do. Standard library only."""

import http.client
import json
import subprocess
import time
import urllib.parse


class CallFailed(Exception):
    """An HTTP answer that the caller did not expect; says what was asked and what came."""


class Peer:
    """One server and, after sign_in, one person on it."""

    def __init__(self, url, token=None):
        self.url = url.rstrip("/")
        self.token = token

    def call(self, method, path, body=None, *, raw=False, headers=None, expect=(200, 201, 202, 204)):
        parts = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, urllib.parse.quote(path, safe="/?&=%:"), data, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status not in expect:
            raise CallFailed(f"{method} {path} answered {answer.status}: {content[:400].decode(errors='replace')}")
        if raw:
            return content
        return json.loads(content) if content else None

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, {} if body is None else body, **options)

    def sign_in(self, path, **who):
        self.token = self.post(path, who)["token"]


def wait_until(what, seconds, probe, interval=0.1):
    """Asks `probe` until it gives something true; its value. The deadline is an error that names what was awaited."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(interval)


def run(*command, **options):
    """A command's stdout as text; a failure carries its stderr."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} gave {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout
