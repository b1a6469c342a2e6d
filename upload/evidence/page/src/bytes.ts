// Bytes and their texts. What does not fit throws: callers turn that into a fact.

export class Wrong extends Error {}

export function require(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Wrong(complaint);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  require(/^([0-9a-f]{2})*$/.test(text), `"${text}" is no hexadecimal text`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  require(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, "this is no base64 text");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  require(toBase64(bytes) === text, "base64 text is not canonical");
  return bytes;
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return concat(new TextEncoder().encode(text));
}

export function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Wrong("this is no text in UTF-8");
  }
}

// Big-endian, as everything of the recorder. 64-bit numbers must fit a double: no time or size of ours is larger.
export class Reader {
  private readonly view: DataView;
  constructor(bytes: Uint8Array, public at = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  private step(size: number): number {
    require(this.at + size <= this.view.byteLength, "the bytes end too early");
    this.at += size;
    return this.at - size;
  }
  u8(): number {
    return this.view.getUint8(this.step(1));
  }
  u16(): number {
    return this.view.getUint16(this.step(2));
  }
  u32(): number {
    return this.view.getUint32(this.step(4));
  }
  i64(): number {
    const value = Number(this.view.getBigInt64(this.step(8)));
    require(Number.isSafeInteger(value), "a number that is too large");
    return value;
  }
  bytes(size: number): Uint8Array<ArrayBuffer> {
    const at = this.step(size);
    return concat(new Uint8Array(this.view.buffer, this.view.byteOffset + at, size));
  }
}
