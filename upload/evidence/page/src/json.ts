// The JSON of packages: one text for one meaning. Keys sorted as bytes, no blanks, nothing escaped that need not be.
import { fromUtf8, require, utf8, Wrong } from "./bytes";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

function byBytes(a: string, b: string): number {
  const left = utf8(a);
  const right = utf8(b);
  for (let i = 0; i < Math.min(left.length, right.length); ++i) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const object = value as JsonObject;
    const members = Object.keys(object).sort(byBytes);
    return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(object[key]!)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

export function parse(bytes: Uint8Array): Json {
  const text = fromUtf8(bytes);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Wrong("this is not the JSON we take");
  }
}

// Refuses what is not written as we write it: so no key stands twice and nothing hides.
export function parseCanonical(bytes: Uint8Array, complaint: string): JsonObject {
  const value = object(parse(bytes));
  require(canonical(value) === fromUtf8(bytes), complaint);
  return value;
}

export function object(value: Json | undefined): JsonObject {
  require(value !== null && typeof value === "object" && !Array.isArray(value), "something should be a JSON object");
  return value as JsonObject;
}
export function list(value: Json | undefined): readonly Json[] {
  require(Array.isArray(value), "something should be a list");
  return value;
}
export function text(value: Json | undefined): string {
  require(typeof value === "string", "something should be a text");
  return value;
}
export function int(value: Json | undefined): number {
  require(typeof value === "number" && Number.isSafeInteger(value), "something should be a whole number");
  return value;
}
export function flag(value: Json | undefined): boolean {
  require(typeof value === "boolean", "something should be true or false");
  return value;
}
export function members(value: JsonObject, names: readonly string[], complaint: string): void {
  require(Object.keys(value).sort().join() === [...names].sort().join(), complaint);
}
