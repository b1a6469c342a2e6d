"""Reads N events of /events with http.client and checks that each sender's numbers come in order."""
import http.client
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
connection.request("GET", "/events")
answer = connection.getresponse()
assert answer.status == 200 and answer.getheader("Content-Type") == "text/event-stream"
next_of = {}
name = None
while sum(next_of.values()) < count:
    line = answer.readline().decode().rstrip("\n")
    if line.startswith("event: "):
        name = line[7:]
    elif line.startswith("data: "):
        assert int(line[6:]) == next_of.get(name, 0), line
        next_of[name] = next_of.get(name, 0) + 1
print(*[next_of[name] for name in sorted(next_of)], "in order")
