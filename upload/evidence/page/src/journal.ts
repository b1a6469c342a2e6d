// docs/ref/journal.md: records and the tree over them.
import { concat, Reader, require, same, toHex } from "./bytes";
import { crc32 } from "./crc32";
import { int, object, parse, text, type JsonObject } from "./json";
import { sha256 } from "./sha256";

export interface FragmentRecord {
  readonly track: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly start: number; // ticks of lesson time
  readonly duration: number;
  readonly sha256: string;
}
export type Record = { readonly bytes: Uint8Array } & ({ readonly fragment: FragmentRecord } | { readonly event: JsonObject });

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(LEAF, leaf);
}
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE, left, right);
}

// The record at `at`, or null where none is whole.
export function recordAt(bytes: Uint8Array, at: number): Record | null {
  if (at + 8 > bytes.length) return null;
  const reader = new Reader(bytes, at);
  const size = reader.u32();
  const crc = reader.u32();
  if (size === 0 || size > 1 << 20 || reader.at + size > bytes.length) return null;
  const body = reader.bytes(size);
  if (crc32(body) !== crc) return null;
  const whole = concat(bytes.subarray(at, at + 8 + size));
  const fields = new Reader(body);
  const kind = fields.u8();
  require(fields.u8() === 1, `a record of version ${body[1]} is unknown`);
  if (kind === 2) return { bytes: whole, event: object(parse(body.subarray(2))) };
  require(kind === 1 && size === 112, `a record of type ${kind} and ${size} bytes is unknown`);
  const track = fields.u16();
  const epoch = fields.u16();
  fields.at = 8; // behind the flags
  const sequence = fields.u32();
  fields.at = 24;
  const start = fields.i64();
  const duration = fields.i64();
  fields.at = 48;
  return { bytes: whole, fragment: { track, epoch, sequence, start, duration, sha256: toHex(fields.bytes(32)) } };
}

export function eventName(event: JsonObject): string {
  return text(event["event"]);
}

// RFC 9162, 2.1.3.2.
export function leadsTo(root: Uint8Array, leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): boolean {
  let [fn, sn, node] = [index, size - 1, leafHash(leaf)];
  if (fn < 0 || fn > sn) return false;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(sibling, node);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      node = nodeHash(node, sibling);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && same(node, root);
}

// A tree of which only the roots of the perfect subtrees are kept: RFC 6962, 2.1.
export class Tree {
  constructor(public size: number, private readonly subtrees: Uint8Array[]) {
    const ones = [...size.toString(2)].filter((bit) => bit === "1").length;
    require(subtrees.length === ones, `the frontier of ${size} leaves has ${subtrees.length} hashes, not ${ones}`);
  }
  add(leaf: Uint8Array): void {
    let node = leafHash(leaf);
    for (let size = this.size; size % 2 === 1; size = (size - 1) / 2) node = nodeHash(this.subtrees.pop()!, node);
    this.subtrees.push(node);
    ++this.size;
  }
  root(): Uint8Array {
    return [...this.subtrees].reverse().reduce((right, left) => nodeHash(left, right));
  }
}

export interface Checkpoint {
  readonly lessonId: string;
  readonly treeSize: number;
  readonly root: string;
  readonly utc: string;
  readonly synchronised: boolean;
  readonly errorMs: number;
}
export function checkpointFrom(payload: Uint8Array): Checkpoint {
  const json = object(parse(payload));
  return {
    lessonId: text(json["lesson_id"]),
    treeSize: int(json["tree_size"]),
    root: text(json["root_sha256"]),
    utc: text(json["utc"]),
    synchronised: json["synchronised"] === true,
    errorMs: int(json["error_ms"]),
  };
}

