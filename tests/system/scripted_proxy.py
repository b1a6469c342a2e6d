"""An HTTP proxy in front of the platform that answers some requests itself, as a script says. Standard library only."""

import http.client
import http.server
import socket
import threading
import time
from dataclasses import dataclass, field

PIECE = 64 << 10


@dataclass
class Answer:
    """What the proxy says instead of the platform, once `after` bytes of the body have gone through."""

    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    after: int = 0
    forward: bool = True  # whether those bytes reach the platform


@dataclass
class Alter:
    """The request goes through, but one bit of its body, at that place, is another one."""

    at: int


@dataclass
class Asked:
    at: float
    method: str
    path: str
    length: int
    headers: dict
    status: int = 0


class ScriptedProxy:
    """`script` gets each request (Asked) and the list of those before it, and gives an Answer, an Alter, or None to let it through."""

    def __init__(self, target_port, script=lambda asked, before: None):
        self.target_port, self.script = target_port, script
        self.asked, self.lock = [], threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def relay(self):
                proxy.serve(self)

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_OPTIONS = relay

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def requests(self, method):
        with self.lock:
            return [asked for asked in self.asked if asked.method == method]

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length", "0"))
        asked = Asked(time.monotonic(), handler.command, handler.path, length, dict(handler.headers))
        with self.lock:
            answer = self.script(asked, list(self.asked))
            self.asked.append(asked)
        if answer is None or isinstance(answer, Alter):
            return self.pass_on(handler, asked, length, answer)
        if answer.after:
            self.pass_part(handler, answer, length)
        asked.status = answer.status
        self.say(handler, answer.status, answer.headers, answer.body)
        handler.close_connection = True
        self.drain(handler)

    def open_upstream(self, handler):
        upstream = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=60)
        upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders()
        return upstream

    def pass_part(self, handler, answer, length):
        """Some bytes go through, then the platform sees the line break."""
        upstream = self.open_upstream(handler) if answer.forward else None
        left = min(answer.after, length)
        while left > 0:
            piece = handler.rfile.read(min(PIECE, left))
            if not piece:
                break
            left -= len(piece)
            if upstream:
                upstream.send(piece)
        if upstream:
            upstream.close()

    def pass_on(self, handler, asked, length, alter):
        upstream = self.open_upstream(handler)
        try:
            left = length
            while left > 0:
                piece = handler.rfile.read1(min(PIECE, left))
                if not piece:
                    handler.close_connection = True
                    return  # the sender is gone; so are we
                begin = length - left
                left -= len(piece)
                if alter and begin <= alter.at < begin + len(piece):
                    piece = bytearray(piece)
                    piece[alter.at - begin] ^= 1
                try:
                    upstream.send(piece)
                except ConnectionError:
                    handler.close_connection = True
                    break  # an early answer
            answer = upstream.getresponse()
            asked.status = answer.status
            self.say(handler, answer.status, dict(answer.getheaders()), answer.read(), answer.getheader("Content-Length"))
            if left > 0:
                handler.close_connection = True
                self.drain(handler)
        finally:
            upstream.close()

    def say(self, handler, status, headers, body, length=None):
        handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)) if length is None else length)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
        handler.wfile.flush()

    def drain(self, handler):
        """Reads over what still comes, so that the answer is not lost in a reset."""
        try:
            handler.connection.shutdown(socket.SHUT_WR)
            handler.connection.settimeout(5)
            while handler.connection.recv(PIECE):
                pass
        except OSError:
            pass
