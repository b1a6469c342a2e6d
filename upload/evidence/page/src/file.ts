// Reads a package from the disk piece by piece, and hashes all of it in one pass: never more than a block in memory.
import type { Read, Entry } from "./zip";
import { concat } from "./bytes";
import { crc32 } from "./crc32";
import { Sha256 } from "./sha256";

const BLOCK = 4 << 20;

export function reader(file: Blob): Read {
  return async (offset, size) => concat(new Uint8Array(await file.slice(offset, offset + size).arrayBuffer()));
}

export interface Hashed {
  readonly whole: Uint8Array;
  readonly entries: readonly { readonly sha256: Uint8Array; readonly crc: number }[];
}

// `tell` hears how many bytes were read, about every 4 MiB.
export async function hashAll(file: Blob, entries: readonly Entry[], tell: (bytes: number) => void): Promise<Hashed> {
  const read = reader(file);
  const whole = new Sha256();
  const sums = entries.map(() => ({ sha: new Sha256(), crc: 0 }));
  let next = 0; // the first entry that does not end before the block
  for (let at = 0; at < file.size; at += BLOCK) {
    const block = await read(at, Math.min(BLOCK, file.size - at));
    whole.update(block);
    for (let i = next; i < entries.length && entries[i]!.offset < at + block.length; ++i) {
      const { offset, size } = entries[i]!;
      const part = block.subarray(Math.max(offset - at, 0), Math.max(0, Math.min(offset + size - at, block.length)));
      sums[i]!.sha.update(part);
      sums[i]!.crc = crc32(part, sums[i]!.crc);
      if (offset + size <= at + block.length) next = i + 1;
    }
    tell(at + block.length);
  }
  return { whole: whole.finish(), entries: sums.map(({ sha, crc }) => ({ sha256: sha.finish(), crc })) };
}
