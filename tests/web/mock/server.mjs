// The little that both mocks share: routes, JSON, problems, ranges, static files, event streams and WebSockets, on node alone.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json", ".mp4": "video/mp4", ".jpg": "image/jpeg", ".pdf": "application/pdf" };

// As strict as the real servers may be: scripts, styles and requests of this origin only.
export const kPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self' ws:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

export class ApiError extends Error {
  constructor(status, code, detail = code, more = {}) {
    super(detail);
    Object.assign(this, { status, code, detail, more });
  }
}

export function sendJson(answer, status, body, headers = {}) {
  const bytes = Buffer.from(JSON.stringify(body));
  answer.writeHead(status, { "Content-Type": status >= 400 ? "application/problem+json" : "application/json", "Content-Length": bytes.length, ...headers });
  answer.end(bytes);
}

export function sendFile(request, answer, path, headers = {}) {
  const size = statSync(path).size;
  const common = { "Content-Type": types[extname(path)] ?? "application/octet-stream", "Accept-Ranges": "bytes", ...headers };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range) {
    answer.writeHead(200, { ...common, "Content-Length": size });
    return createReadStream(path).pipe(answer);
  }
  const from = Number(range[1]);
  const to = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  if (from > to) return answer.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
  answer.writeHead(206, { ...common, "Content-Range": `bytes ${from}-${to}/${size}`, "Content-Length": to - from + 1 });
  createReadStream(path, { start: from, end: to }).pipe(answer);
}

function sendStatic(request, answer, root, path) {
  const wanted = join(root, normalize(decodeURIComponent(path)));
  const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : extname(path) ? null : join(root, "index.html");
  if (!file || !existsSync(file)) throw new ApiError(404, "not-found");
  const packed = existsSync(`${file}.gz`);
  const bytes = readFileSync(packed ? `${file}.gz` : file);
  answer.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Length": bytes.length, "Content-Security-Policy": kPolicy,
    ...(packed ? { "Content-Encoding": "gzip" } : {}),
    "Cache-Control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  answer.end(bytes);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

// routes: [method, pattern with {names}, handler({ request, answer, params, query, body, json })]; a returned value is the JSON answer.
export class MockServer {
  constructor(root) {
    this.root = root;
    this.routes = [];
    this.sockets = [];
    this.open = new Set();
    this.down = false;
    this.server = createServer((request, answer) => void this.handle(request, answer));
    this.server.on("connection", (socket) => {
      this.open.add(socket);
      socket.on("close", () => this.open.delete(socket));
    });
    this.server.on("upgrade", (request, socket) => this.upgrade(request, socket));
  }

  route(method, pattern, handler) {
    const names = [];
    const regex = new RegExp(`^${pattern.replace(/\{(\w+)\}/g, (_, name) => (names.push(name), "([^/]+)"))}$`);
    this.routes.push({ method, regex, names, handler });
  }

  websocket(pattern, onOpen) {
    this.sockets.push({ regex: new RegExp(`^${pattern.replace(/\{(\w+)\}/g, "([^/]+)")}$`), onOpen });
  }

  async handle(request, answer) {
    if (this.down) return request.socket.destroy();
    const url = new URL(request.url, "http://mock");
    try {
      for (const { method, regex, names, handler } of this.routes) {
        const fit = method === request.method ? regex.exec(url.pathname) : null;
        if (!fit) continue;
        const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(fit[i + 1])]));
        const body = request.method === "GET" ? Buffer.alloc(0) : await bodyOf(request);
        const isJson = (request.headers["content-type"] ?? "").startsWith("application/json");
        if (request.method !== "GET" && request.headers.cookie && request.headers["x-shilu-request"] !== "1") throw new ApiError(403, "forged");
        const result = await handler({ request, answer, params, query: url.searchParams, body, json: isJson && body.length ? JSON.parse(body.toString()) : {} });
        if (result !== undefined) sendJson(answer, result.status ?? 200, result.body ?? result, result.headers);
        return;
      }
      if (url.pathname.startsWith("/api/")) throw new ApiError(404, "not-found");
      sendStatic(request, answer, this.root, url.pathname);
    } catch (error) {
      if (!(error instanceof ApiError)) console.error(error);
      if (answer.headersSent) return answer.end();
      const { status = 500, code = "internal", detail = String(error), more = {} } = error;
      sendJson(answer, status, { type: "about:blank", title: String(status), status, code, detail, ...more }, more.headers ?? {});
    }
  }

  upgrade(request, socket) {
    const path = new URL(request.url, "http://mock").pathname;
    const found = this.sockets.find(({ regex }) => regex.test(path));
    if (!found || this.down) return socket.destroy();
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const send = (opcode, payload) => {
      const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.alloc(payload.length < 65536 ? 4 : 10);
      if (payload.length >= 126) {
        head[0] = 0x80 | opcode;
        head[1] = payload.length < 65536 ? 126 : 127;
        if (payload.length < 65536) head.writeUInt16BE(payload.length, 2);
        else head.writeBigUInt64BE(BigInt(payload.length), 2);
      }
      if (!socket.destroyed) socket.write(Buffer.concat([head, payload]));
    };
    socket.on("error", () => undefined);
    found.onOpen(decodeURIComponent(found.regex.exec(path)[1]), {
      text: (words) => send(1, Buffer.from(words)),
      binary: (bytes) => send(2, bytes),
      onClose: (told) => socket.on("close", told),
      close: () => socket.destroy(),
    });
    socket.on("data", (data) => (data[0] & 0x0f) === 8 && socket.end());
  }

  // The whole server goes away and comes back, as after a restart.
  goDown() {
    this.down = true;
    for (const socket of this.open) socket.destroy();
  }

  comeBack() {
    this.down = false;
  }

  listen(port = 0) {
    return new Promise((resolve) => this.server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.server.address().port}`)));
  }

  close() {
    for (const socket of this.open) socket.destroy();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

export class Events {
  constructor() {
    this.streams = new Set();
  }

  add(answer) {
    answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    this.streams.add(answer);
    answer.on("close", () => this.streams.delete(answer));
  }

  send(event, data, only) {
    for (const stream of only ? [only] : this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
