"""Forty requests of different kinds over one http.client connection; prints how many connections it took."""
import http.client
import sys


class Counting(http.client.HTTPConnection):
    opened = 0

    def connect(self):
        Counting.opened += 1
        super().connect()


connection = Counting("127.0.0.1", int(sys.argv[1]), timeout=20)
requests = 0
for _ in range(10):
    for method, path, body, status in [
        ("GET", "/hello", None, 200),
        ("POST", "/echo/a", b"x" * 1000, 200),
        ("HEAD", "/hello", None, 200),
        ("PUT", "/nowhere", b"y" * 1000, 404),
    ]:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, (method, path, answer.status)
        requests += 1
print("connections", Counting.opened, "requests", requests)
