// docs/ref/package.md: data/evidence.json, the manifests, the marks and the notes.
import { fromUtf8, require, toHex } from "./bytes";
import { canonical, flag, int, type Json, type JsonObject, list, members, object, parseCanonical, text } from "./json";
import type { Proof } from "./proof";
import { sha256 } from "./sha256";

export interface FileClaim {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
}
export interface PartClaim extends FileClaim {
  readonly fromMs: number;
  readonly toMs: number;
}
export interface ClipClaim {
  readonly fromMs: number;
  readonly toMs: number;
  readonly piece: string;
  readonly sources: readonly { readonly name: string; readonly parts: readonly PartClaim[] }[];
}
export interface Claims {
  readonly software: string;
  readonly point: string;
  readonly pseudonym: string;
  readonly binding: string;
  readonly lessonId: string;
  readonly startUtc: string;
  readonly durationMs: number;
  readonly clips: readonly ClipClaim[];
  readonly documents: readonly FileClaim[];
  readonly derived: readonly (FileClaim & { readonly from: string; readonly fromSha256: string; readonly recipe: string })[];
}

const UNSIGNED = "evidence.json says that no signatures are expected, and every package has them";
const FORM = "evidence.json is not written as format shilu-evidence/1 wants it";

export function marksFile(index: number): string {
  return index === 1 ? "data/marks.vtt" : `data/marks-${index}.vtt`;
}

function fileClaim(json: JsonObject): FileClaim {
  return { file: text(json["file"]), sha256: text(json["sha256"]), size: int(json["size_bytes"]) };
}

function sourceClaim(json: JsonObject, fromMs: number, toMs: number): ClipClaim["sources"][number] {
  members(json, ["name", "parts"], FORM);
  let next = fromMs;
  const parts = list(json["parts"]).map((item) => {
    const part = object(item);
    members(part, ["from_ms", "to_ms", "file", "sha256", "size_bytes"], FORM);
    const claim = { ...fileClaim(part), fromMs: int(part["from_ms"]), toMs: int(part["to_ms"]) };
    require(claim.fromMs === next && claim.toMs > claim.fromMs, "the parts of a clip do not follow each other");
    next = claim.toMs;
    return claim;
  });
  require(next === toMs, "the parts of a clip do not reach to its end");
  return { name: text(json["name"]), parts };
}

export function claimsFrom(bytes: Uint8Array): Claims {
  const json = parseCanonical(bytes, FORM);
  members(json, ["format", "signatures_expected", "software", "programme", "catalogue", "point", "teacher", "lesson", "fields", "clips", "documents", "derived", "annotations"], FORM);
  require(json["signatures_expected"] !== false, UNSIGNED);
  require(json["format"] === "shilu-evidence/1" && flag(json["signatures_expected"]) && json["annotations"] === "data/annotations.jsonld", FORM);
  const [teacher, lesson, point] = [object(json["teacher"]), object(json["lesson"]), object(json["point"])];
  require(text(teacher["binding"]) === "signed-in" || teacher["binding"] === "asserted", FORM);
  const durationMs = int(lesson["duration_ms"]);
  const clips = list(json["clips"]).map((item, i) => {
    const clip = object(item);
    members(clip, ["index", "from_ms", "to_ms", "piece", "sources", "marks", "proof"], FORM);
    const [fromMs, toMs] = [int(clip["from_ms"]), int(clip["to_ms"])];
    require(clip["index"] === i + 1 && clip["marks"] === marksFile(i + 1) && clip["proof"] === `proof/clip-${i + 1}.json`, FORM);
    require(fromMs < toMs, `${fromMs} ms to ${toMs} ms is no range of a lesson`);
    require(toMs <= durationMs, "a clip reaches beyond the lesson");
    const sources = list(clip["sources"]).map((source) => sourceClaim(object(source), fromMs, toMs));
    require(sources.length > 0, "a clip has no source");
    return { fromMs, toMs, piece: text(clip["piece"]), sources };
  });
  const documents = list(json["documents"]).map((item) => fileClaim(object(item)));
  const derived = list(json["derived"]).map((item) => {
    const one = object(item);
    const from = object(one["derived_from"]);
    return { ...fileClaim(one), from: text(from["file"]), fromSha256: text(from["sha256"]), recipe: text(one["recipe"]) };
  });
  return {
    software: text(json["software"]), point: text(point["code"]), pseudonym: text(teacher["pseudonym"]), binding: text(teacher["binding"]),
    lessonId: text(lesson["lesson_id"]), startUtc: text(lesson["start_utc"]), durationMs, clips, documents, derived,
  };
}

export interface Found {
  readonly size: number;
  readonly sha256: string;
}
export type Files = ReadonlyMap<string, Found>;

function manifestProblems(which: string, bytes: Uint8Array, expected: readonly string[], files: Files): string[] {
  const problems: string[] = [];
  const listed = new Map<string, string>();
  for (const line of fromUtf8(bytes).split("\n").slice(0, -1)) listed.set(line.slice(66), line.slice(0, 64));
  const again = [...listed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, digest]) => `${digest}  ${name}\n`).join("");
  if (again !== fromUtf8(bytes)) return [`${which}: the manifest is not of the canonical form`];
  for (const [name, digest] of listed) {
    if (!expected.includes(name)) problems.push(`${which} lists ${name}, which is not there`);
    else if (files.get(name)?.sha256 !== digest) problems.push(`${name} is not the file that ${which} lists`);
  }
  for (const name of expected) if (!listed.has(name)) problems.push(`${name} does not stand in ${which}`);
  return problems;
}

const UNLISTED = ["tagmanifest-sha256.txt", "seal.json", "identity.box"];

export function bagProblems(bag: string, small: (name: string) => Uint8Array, files: Files): string[] {
  const problems: string[] = [];
  const manifest = small("manifest-sha256.txt");
  if (fromUtf8(small("bagit.txt")) !== "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n") problems.push("bagit.txt is not that of a BagIt 1.0 bag");
  if (bag !== `evidence-${toHex(sha256(manifest)).slice(0, 16)}`) problems.push("the folder in the package was renamed: it is named after other contents");
  const names = [...files.keys()].sort();
  const payload = names.filter((name) => name.startsWith("data/"));
  const tags = names.filter((name) => !name.startsWith("data/") && !UNLISTED.includes(name));
  problems.push(...manifestProblems("manifest-sha256.txt", manifest, payload, files));
  problems.push(...manifestProblems("tagmanifest-sha256.txt", small("tagmanifest-sha256.txt"), tags, files));
  return problems;
}

export function claimProblems(claims: Claims, small: (name: string) => Uint8Array, files: Files): string[] {
  const problems: string[] = [];
  const claimed = new Set(["data/evidence.json", "data/annotations.jsonld", "proof/lesson.json"]);
  const take = (claim: FileClaim): void => {
    const found = files.get(claim.file);
    if (!found) problems.push(`evidence.json speaks of ${claim.file}, which is not there`);
    else if (found.sha256 !== claim.sha256 || found.size !== claim.size) problems.push(`${claim.file} is not the file that evidence.json speaks of`);
    if (claimed.has(claim.file)) problems.push(`evidence.json speaks of ${claim.file} twice`);
    claimed.add(claim.file);
  };
  const parts = claims.clips.flatMap((clip) => clip.sources.flatMap((source) => source.parts));
  claims.clips.forEach((clip, i) => {
    for (const source of clip.sources) {
      source.parts.forEach((part, p) => {
        const name = `data/clips/clip-${i + 1}/${source.name}${p === 0 ? "" : `.${p + 1}`}.mp4`;
        if (!/^[a-z][a-z0-9-]{0,31}$/.test(source.name) || part.file !== name) problems.push(`"${part.file}" is no name for the file of a clip`);
        take(part);
      });
    }
    for (const name of [marksFile(i + 1), `proof/clip-${i + 1}.json`, `proof/clip-${i + 1}.records`]) claimed.add(name);
  });
  claims.documents.forEach((document, i) => {
    if (!document.file.startsWith(`data/documents/document-${i + 1}.`)) problems.push(`"${document.file}" is no name for document ${i + 1}`);
    take(document);
  });
  claims.derived.forEach((one, i) => {
    if (!one.file.startsWith(`data/derived/derived-${i + 1}.`)) problems.push(`"${one.file}" is no name for derivative ${i + 1}`);
    if (one.recipe === "") problems.push(`${one.file} does not say what was done to it`);
    if (!parts.some((part) => part.file === one.from && part.sha256 === one.fromSha256)) problems.push(`${one.file} says that it is made of ${one.from}, and that is not the one in here`);
    take(one);
  });
  problems.push(...noteProblems(claims, small("data/annotations.jsonld")));
  const payload = [...files].filter(([name]) => name.startsWith("data/"));
  const info = `BagIt-Profile-Identifier: https://shilu.example/bagit-profile-1.json\nBag-Software-Agent: ${claims.software}\n` +
    `External-Identifier: ${claims.lessonId}\nPayload-Oxum: ${payload.reduce((sum, [, file]) => sum + file.size, 0)}.${payload.length}\n`;
  if (fromUtf8(small("bag-info.txt")) !== info) problems.push("bag-info.txt does not describe this bag");
  for (const name of files.keys()) if (/^(data|proof)\//.test(name) && !claimed.has(name)) problems.push(`nothing in evidence.json speaks of ${name}`);
  for (const name of claimed) if (!files.has(name)) problems.push(`${name} is missing`);
  return problems;
}

function noteProblems(claims: Claims, bytes: Uint8Array): string[] {
  try {
    const json = parseCanonical(bytes, "written again it is another text");
    const items = list(object(json["first"])["items"]);
    const frame = canonical({
      "@context": "http://www.w3.org/ns/anno.jsonld", id: "annotations.jsonld", type: "AnnotationCollection", total: items.length,
      first: { id: "annotations.jsonld#notes", type: "AnnotationPage", partOf: "annotations.jsonld", startIndex: 0, items },
    });
    require(frame === canonical(json), "written again it is another text");
    const files = new Set(claims.clips.flatMap((clip) => clip.sources.flatMap((source) => source.parts.map((part) => part.file.slice(5)))));
    items.forEach((item, i) => {
      const note = object(item);
      const targets = list(note["target"]).map(object);
      require(targets.length > 0, "a note that points nowhere");
      for (const target of targets) {
        require(files.has(text(target["source"])), `"${text(target["source"])}" is no file of a clip`);
        require(/^t=\d+\.\d{3}(,\d+\.\d{3})?$/.test(text(object(target["selector"])["value"])), "a moment of another form");
      }
      const written = { id: `annotations.jsonld#note-${i + 1}`, type: "Annotation", motivation: "commenting", target: note["target"] as Json,
        body: { type: "TextualBody", format: "text/plain", value: text(object(note["body"])["value"]) } };
      require(canonical(written) === canonical(note), "written again it is another text");
    });
    return [];
  } catch (error) {
    return [`data/annotations.jsonld: the notes are not written as we write them: ${error instanceof Error ? error.message : ""}`];
  }
}

const NS = 1e6;
const LONGEST_LOOK_MS = 30 * 60 * 1000;

function stamp(ms: number): string {
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)}.${pad(ms % 1000, 3)}`;
}

// The marks told of a clip must follow from the records. -> their number.
export function checkMarks(proof: Proof, clip: ClipClaim, durationMs: number, told: Uint8Array, name: string): number {
  require((proof.stoppedMs ?? durationMs) === durationMs, "the lesson was not as long as evidence.json says");
  const inside = (ns: number, from: number, to: number): number => Math.min(Math.max(ns, from), to);
  const inClip = (ns: number): number => Math.trunc(ns / NS) - clip.fromMs;
  const cues = proof.marks.filter((mark) => !mark.undone).map((mark) => {
    const press = inside(mark.at, 0, durationMs * NS);
    const look = (ms: number): number => Math.min(ms, LONGEST_LOOK_MS) * NS;
    const from = inClip(Math.max(press - look(mark.back), 0, clip.fromMs * NS));
    const to = inClip(Math.min(press + look(mark.ahead), durationMs * NS, clip.toMs * NS));
    return { id: mark.id, from, to, content: canonical({ at_ms: inClip(mark.at), point: mark.point }).replaceAll(">", "\\u003e") };
  }).filter((cue) => cue.to > cue.from).sort((a, b) => a.from - b.from);
  const text = cues.map((cue, i) => {
    const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cue.id) ? cue.id : `mark-${i + 1}`;
    return `\n${id}\n${stamp(cue.from)} --> ${stamp(cue.to)}\n${cue.content}\n`;
  }).join("");
  require(fromUtf8(told) === `WEBVTT\n${text}`, `${name} does not tell the marks that were pressed`);
  return cues.length;
}

