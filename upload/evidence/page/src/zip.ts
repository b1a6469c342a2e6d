// docs/ref/package.md, "Zip: the canonical structure": every byte outside the files' data is rebuilt and compared.
import { concat, require, same, utf8 } from "./bytes";

const HEAD = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.json", "seal-certificate.json", "identity.box"];
const NEEDED = HEAD.slice(0, 4);
const LIMIT = 0xffffffff;
const MOST_ENTRIES = 1000;
const LONGEST_NAME = 200;

export interface Entry {
  readonly name: string; // inside the bag
  readonly size: number;
  readonly crc: number;
  readonly offset: number; // of the data
}
export interface Index {
  readonly bag: string;
  readonly entries: readonly Entry[];
}

interface RawEntry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  readonly header: number;
  readonly data: number;
}

export type Read = (offset: number, size: number) => Promise<Uint8Array<ArrayBuffer>>;

class Writer {
  private readonly parts: Uint8Array[] = [];
  private put(size: number, value: number): this {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; ++i) bytes[i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
    this.parts.push(bytes);
    return this;
  }
  u16 = (value: number): this => this.put(2, value);
  u32 = (value: number): this => this.put(4, value);
  u64 = (value: number): this => this.put(8, value);
  bytes(value: Uint8Array): this {
    this.parts.push(value);
    return this;
  }
  finish = (): Uint8Array<ArrayBuffer> => concat(...this.parts);
}

function extra(values: readonly number[]): Uint8Array {
  if (values.length === 0) return new Uint8Array();
  const writer = new Writer().u16(1).u16(8 * values.length);
  for (const value of values) writer.u64(value);
  return writer.finish();
}

function fields(writer: Writer, entry: RawEntry, zip64: boolean): Writer {
  const size = Math.min(entry.size, LIMIT);
  return writer.u16(zip64 ? 45 : 20).u16(0x0800).u16(0).u16(0).u16(0x0021).u32(entry.crc).u32(size).u32(size);
}

function localHeader(entry: RawEntry): Uint8Array {
  const large = entry.size >= LIMIT;
  const more = extra(large ? [entry.size, entry.size] : []);
  const name = utf8(entry.name);
  return fields(new Writer().u32(0x04034b50), entry, large).u16(name.length).u16(more.length).bytes(name).bytes(more).finish();
}

function centralHeader(entry: RawEntry): Uint8Array {
  const large = entry.size >= LIMIT;
  const far = entry.header >= LIMIT;
  const more = extra([...(large ? [entry.size, entry.size] : []), ...(far ? [entry.header] : [])]);
  const name = utf8(entry.name);
  return fields(new Writer().u32(0x02014b50).u16(large || far ? 0x032d : 0x031e), entry, large || far)
    .u16(name.length).u16(more.length).u16(0).u16(0).u16(0).u32(0x81a40000).u32(Math.min(entry.header, LIMIT)).bytes(name).bytes(more).finish();
}

function directory(entries: readonly RawEntry[], offset: number): Uint8Array {
  const headers = concat(...entries.map(centralHeader));
  const [size, count] = [headers.length, entries.length];
  const writer = new Writer().bytes(headers);
  if (count >= 0xffff || size >= LIMIT || offset >= LIMIT) {
    writer.u32(0x06064b50).u64(44).u16(0x032d).u16(45).u32(0).u32(0).u64(count).u64(count).u64(size).u64(offset);
    writer.u32(0x07064b50).u32(0).u64(offset + size).u32(1);
  }
  const few = Math.min(count, 0xffff);
  return writer.u32(0x06054b50).u16(0).u16(0).u16(few).u16(few).u32(Math.min(size, LIMIT)).u32(Math.min(offset, LIMIT)).u16(0).finish();
}

function isName(name: string): boolean {
  return /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(name) && name.length <= LONGEST_NAME && !name.split("/").some((part) => part === "." || part === "..");
}

async function readLocal(read: Read, offset: number, fileSize: number): Promise<RawEntry> {
  const head = await read(offset, Math.min(30 + LONGEST_NAME + 20, fileSize - offset));
  require(head.length >= 30, `byte ${offset}: the file ends inside a local header`);
  const view = new DataView(head.buffer);
  const nameSize = view.getUint16(26, true);
  const extraSize = view.getUint16(28, true);
  require(nameSize <= LONGEST_NAME && (extraSize === 0 || extraSize === 20), `byte ${offset}: a local header that no package has`);
  require(head.length >= 30 + nameSize + extraSize, `byte ${offset}: the file ends inside a local header`);
  const name = String.fromCharCode(...head.subarray(30, 30 + nameSize));
  const size = extraSize === 0 ? view.getUint32(18, true) : Number(view.getBigUint64(30 + nameSize + 4, true));
  require(isName(name), `byte ${offset}: a file name that no package has`);
  const entry = { name, size, crc: view.getUint32(14, true), header: offset, data: offset + 30 + nameSize + extraSize };
  const expected = localHeader(entry);
  require(same(expected, head.subarray(0, expected.length)), `byte ${offset}: the local header of ${name} is not of the canonical form`);
  require(size <= fileSize - entry.data, `byte ${offset}: ${name} claims more bytes than the file has`);
  return entry;
}

async function readEntries(read: Read, fileSize: number): Promise<RawEntry[]> {
  const entries: RawEntry[] = [];
  const names = new Set<string>();
  let offset = 0;
  while (offset + 4 <= fileSize && same(await read(offset, 4), Uint8Array.of(0x50, 0x4b, 3, 4))) {
    require(entries.length < MOST_ENTRIES, `byte ${offset}: more than ${MOST_ENTRIES} files`);
    const entry = await readLocal(read, offset, fileSize);
    require(!names.has(entry.name), `byte ${offset}: ${entry.name} is there twice`);
    names.add(entry.name);
    offset = entry.data + entry.size;
    entries.push(entry);
  }
  require(entries.length > 0, "byte 0: this is not a package (no zip file begins here)");
  const expected = directory(entries, offset);
  require(fileSize - offset === expected.length, `byte ${offset}: ${fileSize - offset} bytes follow the last file where ${expected.length} are expected: something was cut off or appended`);
  const found = await read(offset, expected.length);
  const wrong = expected.findIndex((byte, i) => byte !== found[i]);
  require(wrong < 0, `byte ${offset + wrong}: the zip directory does not match the files in front of it`);
  return entries;
}

export async function readIndex(read: Read, fileSize: number): Promise<Index> {
  const raw = await readEntries(read, fileSize);
  let bag = "";
  const entries = raw.map((entry) => {
    const slash = entry.name.indexOf("/");
    const own = entry.name.slice(0, Math.max(slash, 0));
    require(/^evidence-[0-9a-f]{16}$/.test(own), `"${entry.name}" is not inside a bag of ours`);
    bag ||= own;
    require(own === bag, `there are two bags, ${bag} and ${own}`);
    return { name: entry.name.slice(slash + 1), size: entry.size, crc: entry.crc, offset: entry.data };
  });
  let next = 0;
  for (const name of HEAD) if (entries[next]?.name === name) ++next;
  for (let i = next; i < entries.length; ++i) {
    const name = entries[i]!.name;
    require(/^(data|proof)\//.test(name), `${name} does not stand where it belongs, or belongs to no package`);
    require(i === next || entries[i - 1]!.name < name, `${name} stands behind ${entries[i - 1]?.name ?? ""}`);
  }
  for (const name of NEEDED) require(entries.some((entry) => entry.name === name), `${name} is missing`);
  return { bag, entries };
}
