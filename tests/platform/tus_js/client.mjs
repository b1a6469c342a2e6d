// node client.mjs ENDPOINT FILE TOKEN [--chunk BYTES] [--metadata KEY=VALUE] [--stop-at BYTES] [--resume URL] [--rate BYTES_PER_S]
// Uploads FILE with tus-js-client; prints one JSON line {"url","offset","done"} or {"error"}.
import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Upload } from "tus-js-client";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chunk: { type: "string" },
    metadata: { type: "string", multiple: true },
    "stop-at": { type: "string" },
    resume: { type: "string" },
    rate: { type: "string" },
  },
});
const [endpoint, file, token] = positionals;
const stopAt = values["stop-at"] ? Number(values["stop-at"]) : Number.POSITIVE_INFINITY;

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function* slowed(chunks, rate) {
  for await (const chunk of chunks) {
    await pause((1000 * chunk.length) / rate);
    yield chunk;
  }
}

const content = createReadStream(file);
let accepted = 0;
const upload = new Upload(values.rate ? Readable.from(slowed(content, Number(values.rate)), { objectMode: false }) : content, {
  endpoint,
  uploadUrl: values.resume ?? null,
  uploadSize: statSync(file).size,
  chunkSize: values.chunk ? Number(values.chunk) : Number.POSITIVE_INFINITY,
  retryDelays: [0, 200, 500, 1000, 2000],
  headers: { Authorization: `Bearer ${token}` },
  metadata: Object.fromEntries((values.metadata ?? []).map((pair) => pair.split("=", 2))),
  onChunkComplete(_size, bytes) {
    accepted = bytes;
    if (bytes >= stopAt) {
      void upload.abort().then(() => tell({ url: upload.url, offset: accepted, done: false }));
    }
  },
  onSuccess: () => tell({ url: upload.url, offset: statSync(file).size, done: true }),
  onError(error) {
    tell({ error: String(error) });
    process.exitCode = 1;
  },
});
upload.start();
