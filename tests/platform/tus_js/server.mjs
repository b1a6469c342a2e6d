// node server.mjs DIRECTORY [PORT]
// @tus/server on that port of loopback, or a free one, its files in DIRECTORY; prints {"port"} and runs until it is ended.
import { createServer } from "node:http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const tus = new Server({ path: "/files", datastore: new FileStore({ directory: process.argv[2] }) });
const server = createServer((request, response) => tus.handle(request, response));
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
process.on("SIGTERM", () => process.exit(0));
