// docs/ref/package.md, "A verifier then checks": are the files of a clip whole fragments of the recording, one after
// the other, from border to border? The tables in front of them are not computed anew here: see the fact "header".
import { concat, require, toHex } from "./bytes";
import type { Gap, Proof, Track } from "./proof";
import type { Read } from "./zip";

const NS_PER_MS = 1e6;
const SECOND = 1e9;
const MOST_FRAGMENTS = 200_000;

export interface Part {
  readonly fromMs: number;
  readonly toMs: number;
  readonly size: number;
  readonly read: Read; // inside the clip's file
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

interface Box {
  readonly type: string;
  readonly size: number;
  readonly large: boolean;
}

async function boxAt(part: Part, at: number): Promise<Box> {
  const bad = `at byte ${at} of the clip: `;
  require(at + 8 <= part.size, `${bad}the bytes end inside a box header`);
  const head = await part.read(at, Math.min(16, part.size - at));
  const view = new DataView(head.buffer);
  const type = String.fromCharCode(...head.subarray(4, 8));
  const large = view.getUint32(0) === 1;
  require(!large || head.length === 16, `${bad}the bytes end inside a box header`);
  const size = large ? Number(view.getBigUint64(8)) : view.getUint32(0);
  require(size >= (large ? 16 : 8) && at + size <= part.size, `${bad}the bytes end inside a box`);
  return { type, size, large };
}

async function boxOf(part: Part, at: number, type: string): Promise<Box> {
  const box = await boxAt(part, at);
  require(box.type === type, `at byte ${at} of the clip: no box "${type}" stands here`);
  return box;
}

async function fragmentsOf(part: Part): Promise<Place[]> {
  const at = (await boxOf(part, 0, "ftyp")).size;
  const start = at + (await boxOf(part, at, "moov")).size;
  const mdat = await boxOf(part, start, "mdat");
  require(mdat.large, `at byte ${start} of the clip: the mdat has not its 64-bit size`);
  require(start + mdat.size === part.size, `at byte ${start} of the clip: the mdat does not end with the file`);
  const places: Place[] = [];
  for (let next = start + 16; next < part.size; ) {
    const box = await boxAt(part, next);
    require(box.type === "moof" || box.type === "free", `at byte ${next} of the clip: no box "moof" stands here`);
    if (box.type === "free") {
      next += box.size;
      continue;
    }
    const data = await boxOf(part, next + box.size, "mdat");
    places.push({ offset: next, size: box.size + data.size });
    require(places.length <= MOST_FRAGMENTS, `the clip has more than about ${MOST_FRAGMENTS} fragments`);
    next += box.size + data.size;
  }
  require(places.length > 0, "the clip holds no fragment");
  return places;
}

function seconds(ns: number): string {
  return (ns / SECOND).toFixed(3);
}

function toleranceOf(track: Track): number {
  const longest = [...track.epochs.values()].map((epoch) => (epoch.nominalTicks * SECOND) / epoch.timescale);
  return Math.min(SECOND, Math.max(NS_PER_MS, ...longest));
}

function requireDeclared(track: Track, gaps: readonly Gap[], from: number, to: number, slack: number): void {
  let covered = from;
  for (const gap of gaps) if (gap.from <= covered + slack) covered = Math.max(covered, gap.to);
  require(covered + slack >= to, `${track.name} is missing from ${seconds(from)} s to ${seconds(to)} s, and no gap is declared there`);
}

// Which fragments of each track a part holds: places in the track's records.
async function match(part: Part, proof: Proof, source: string): Promise<Map<number, number[]>> {
  const recorded = new Map<string, [number, number]>();
  for (const [number, track] of proof.tracks) {
    if (track.name.replace(/\.[^.]*$/, "") !== source) continue;
    track.fragments.forEach((fragment, place) => recorded.set(fragment.sha256, [number, place]));
  }
  const held = new Map<number, number[]>();
  const headers = new Map<number, string>();
  for (const { offset, size } of await fragmentsOf(part)) {
    const digest = await crypto.subtle.digest("SHA-256", concat(await part.read(offset, size)));
    const found = recorded.get(toHex(new Uint8Array(digest)));
    require(found !== undefined, `what stands at byte ${offset} of the clip is not in the recording that the device signed`);
    const [number, place] = found;
    const track = proof.tracks.get(number)!;
    const fragment = track.fragments[place]!;
    const places = held.get(number) ?? [];
    const before = places.at(-1);
    require(before === undefined || follows(proof, track, place, before + 1), `fragment ${fragment.sequence} of ${track.name} follows fragment ${track.fragments[before ?? 0]!.sequence}: something was cut out, put in or moved`);
    const epoch = track.epochs.get(fragment.epoch)!;
    require(epoch.header, `the header of ${track.name} epoch ${fragment.epoch} is not in the proof`);
    require((headers.get(number) ?? epoch.headerSha256) === epoch.headerSha256, `the parameters of ${track.name} change inside the clip`);
    headers.set(number, epoch.headerSha256);
    held.set(number, [...places, place]);
  }
  return held;
}

// Nothing lies between but what the teacher had deleted.
function follows(proof: Proof, track: Track, place: number, expected: number): boolean {
  for (let i = expected; i < place; ++i) if (!proof.isDeleted(track, i)) return false;
  return place >= expected;
}

function checkTimes(part: Part, track: Track, places: readonly number[], gaps: readonly Gap[]): void {
  const video = track.name.endsWith(".video");
  const tolerance = toleranceOf(track);
  // Pictures are shown up to this much later than they are decoded.
  const slack = video ? SECOND : tolerance;
  const [from, to] = [part.fromMs * NS_PER_MS, part.toMs * NS_PER_MS];
  if (places.length === 0) return requireDeclared(track, gaps, from, to, slack);
  const ns = (place: number): [number, number] => {
    const fragment = track.fragments[place]!;
    const scale = SECOND / track.epochs.get(fragment.epoch)!.timescale;
    return [fragment.start * scale, (fragment.start + fragment.duration) * scale];
  };
  for (let i = 1; i < places.length; ++i) {
    const [end, next] = [ns(places[i - 1]!)[1], ns(places[i]!)[0]];
    require(next >= end - tolerance, `${track.name} is there twice at ${seconds(next)} s`);
    if (next > end + tolerance) requireDeclared(track, gaps, end, next, tolerance);
  }
  const [first, last] = [ns(places[0]!)[0], ns(places.at(-1)!)[1]];
  if (first > from + slack) requireDeclared(track, gaps, from, first, slack);
  if (last + slack < to) requireDeclared(track, gaps, last, to, slack);
}

const gapsOf = (proof: Proof, track: string): Gap[] => proof.gaps.filter((gap) => gap.track === track).sort((a, b) => a.from - b.from);

function inside(part: Part, gaps: readonly Gap[], slack: number): string[] {
  const told: string[] = [];
  for (const gap of gaps) {
    const [from, to] = [Math.max(gap.from, part.fromMs * NS_PER_MS), Math.min(gap.to, part.toMs * NS_PER_MS)];
    if (to - from > slack) told.push(`${gap.track} ${seconds(from)} s to ${seconds(to)} s (${gap.reason})`);
  }
  return told;
}

// -> the gaps that the recording declares inside, for people.
export async function checkSource(proof: Proof, source: string, parts: readonly Part[]): Promise<string[]> {
  const own = [...proof.tracks].filter(([, track]) => track.name.replace(/\.[^.]*$/, "") === source).sort((a, b) => a[0] - b[0]);
  require(own.length > 0, `nothing of a source "${source}" was recorded`);
  const told: string[] = [];
  const reached = new Map<number, number>();
  for (const part of parts) {
    const held = await match(part, proof, source);
    for (const [number, track] of own) {
      const places = held.get(number) ?? [];
      const behind = reached.get(number);
      if (places.length > 0) {
        require(behind === undefined || places[0]! <= behind || follows(proof, track, places[0]!, behind),
          `${track.name} lacks fragment ${track.fragments[behind ?? 0]?.sequence ?? 0} between two parts of the clip`);
        reached.set(number, places.at(-1)! + 1);
      }
      const gaps = gapsOf(proof, track.name);
      checkTimes(part, track, places, gaps);
      told.push(...inside(part, gaps, toleranceOf(track)));
    }
    // Of the source's other track nothing may ever have come: the proof knows its gaps alone.
    for (const name of [`${source}.video`, `${source}.audio`]) {
      if (!own.some(([, track]) => track.name === name)) told.push(...inside(part, gapsOf(proof, name), NS_PER_MS));
    }
  }
  return told;
}
