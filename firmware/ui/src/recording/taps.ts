// Taps on their way to the disk. A tap gets its id and its time here, is kept in this browser until the recorder has
// acknowledged it, and only then counts as a mark. While the device is away it is sent again and again, with the time
// that has passed since the tap, so that the mark lands where the finger was.
import { computed, signal } from "@preact/signals";
import { asProblem, Problem } from "@design/http";
import { uuid } from "@design/ids";
import { readStoredJson, store } from "@design/storage";
import { api } from "../api";
import { device, runningMarks, stateAt } from "../live";
import type { Mark } from "../types";

export interface Tap {
  readonly id: string;
  readonly lesson: string;
  readonly point: string | null;
  readonly tapped_utc_ms: number;
  readonly look_back_ms: number;
  readonly look_ahead_ms: number;
  readonly replaces?: string; // the mark that is taken back once this one is stored
  readonly refused?: Problem;
}

export const kLookMs = 60_000;
export const kLongPressMs = 180_000;

const kStored = "taps";
function isTaps(value: unknown): value is Tap[] {
  return Array.isArray(value) && value.every((tap) => typeof tap === "object" && tap !== null && "id" in tap && "lesson" in tap && "tapped_utc_ms" in tap);
}

export const waitingTaps = signal<readonly Tap[]>(readStoredJson(kStored, isTaps) ?? []);
// Taps of this page whose mark is on disk, by performance.now(), for the light of their tile.
export const stored = signal<ReadonlyMap<string, number>>(new Map());

// Of taps made here the time is measured without the wall clock, which may be set meanwhile.
const pressedAt = new Map<string, number>();

function agoMs(tap: Tap): number {
  const at = pressedAt.get(tap.id);
  return Math.max(0, Math.round(at === undefined ? Date.now() - tap.tapped_utc_ms : performance.now() - at));
}

function keep(next: readonly Tap[]): void {
  waitingTaps.value = next;
  const sendable = next.filter((tap) => !tap.refused);
  store(kStored, sendable.length > 0 ? JSON.stringify(sendable) : null);
}

export const marks = computed<readonly Mark[]>(() => runningMarks.value.filter((mark) => !mark.undone));

export function tap(point: string | null, lookBackMs: number, lookAheadMs: number): string | null {
  const lesson = device.peek()?.lesson;
  if (!lesson) return null;
  return send({ lesson: lesson.id, point, look_back_ms: lookBackMs, look_ahead_ms: lookAheadMs }, 0);
}

// A mark that still runs ends now: a shorter one of the same moment takes its place.
export function endNow(mark: Mark): void {
  const lesson = device.peek()?.lesson;
  if (!lesson || waitingTaps.peek().some((one) => one.replaces === mark.id)) return;
  const now = lesson.elapsed_ms + performance.now() - stateAt.peek();
  const since = Math.max(0, Math.round(now - mark.at_ms));
  send({ lesson: lesson.id, point: mark.point, look_back_ms: mark.at_ms - mark.from_ms, look_ahead_ms: since, replaces: mark.id }, since);
}

function send(wish: Omit<Tap, "id" | "tapped_utc_ms">, agoMs: number): string {
  const made: Tap = { ...wish, id: uuid(), tapped_utc_ms: Date.now() - agoMs };
  pressedAt.set(made.id, performance.now() - agoMs);
  keep([...waitingTaps.peek(), made]);
  void sendAll();
  return made.id;
}

export function forget(id: string): void {
  keep(waitingTaps.peek().filter((one) => one.id !== id));
}

export async function undo(id: string): Promise<void> {
  const waiting = waitingTaps.peek().some((one) => one.id === id);
  forget(id);
  try {
    await api.undoMark(id);
  } catch (error) {
    // Of a tap that was still on its way the device may know nothing yet; sendOne sends the undo after it.
    if (!waiting) throw asProblem(error);
  }
  runningMarks.value = runningMarks.peek().filter((mark) => mark.id !== id);
  const rest = new Map(stored.peek());
  rest.delete(id);
  stored.value = rest;
}

function remember(mark: Mark): void {
  stored.value = new Map(stored.peek()).set(mark.id, performance.now());
  if (!runningMarks.peek().some((known) => known.id === mark.id)) runningMarks.value = [...runningMarks.peek(), mark];
}

let sending = false;
let again = 0;

async function sendOne(one: Tap): Promise<"next" | "later"> {
  const { id, point, look_back_ms, look_ahead_ms } = one;
  try {
    const mark = await api.mark({ id, point, tapped_ago_ms: agoMs(one), look_back_ms, look_ahead_ms });
    // Undone while it was on its way: the undo may have overtaken it, so it is sent once more.
    if (waitingTaps.peek().some((still) => still.id === id)) remember(mark);
    else await api.undoMark(id);
    if (one.replaces !== undefined) await undo(one.replaces);
    forget(id);
    return "next";
  } catch (error) {
    const problem = asProblem(error);
    if (problem.passing || problem.status === 401) return "later";
    keep(waitingTaps.peek().map((still) => (still.id === id ? { ...still, refused: problem } : still)));
    return "next";
  }
}

// A tap whose lesson has ended cannot be stored any more: that is said, not hidden.
function refuseStale(): void {
  const state = device.peek();
  if (!state || state.state === "fault") return;
  const stale = (one: Tap): boolean => !one.refused && one.lesson !== state.lesson?.id;
  if (!waitingTaps.peek().some(stale)) return;
  const refused = new Problem("not-recording", 409);
  keep(waitingTaps.peek().map((one) => (stale(one) ? { ...one, refused } : one)));
}

export async function sendAll(): Promise<void> {
  if (sending) return;
  refuseStale();
  sending = true;
  clearTimeout(again);
  try {
    for (;;) {
      const lesson = device.peek()?.lesson?.id;
      // Only into its own lesson: the call marks whatever is running.
      const one = waitingTaps.peek().find((waiting) => !waiting.refused && waiting.lesson === lesson);
      if (!one) break;
      if ((await sendOne(one)) === "later") break;
    }
  } finally {
    sending = false;
  }
  if (waitingTaps.peek().some((waiting) => !waiting.refused)) again = window.setTimeout(() => void sendAll(), 1000);
}
