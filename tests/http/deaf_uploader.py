"""Sends a whole body of N MiB before it looks at the answer, then prints status and code of the refusal."""
import http.client
import json
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
body = b"x" * (int(sys.argv[2]) << 20)
connection.request("PUT", "/files/a", body=body, headers={"Authorization": "wrong"})
answer = connection.getresponse()
print(answer.status, json.loads(answer.read())["code"])
