// What the device is doing, as it tells it by server-sent events. One connection; it is rebuilt by us, for an EventSource gives
// up for good on some answers. While a lesson is recorded the device speaks every second: silence means the line is cut.
import { signal } from "@preact/signals";
import type { DeviceState, Lesson, Mark, Submission, TrackLevel } from "./types";

export const device = signal<DeviceState | null>(null);
export const connected = signal(true);
// When the newest state came, by performance.now().
export const stateAt = signal(0);
export const runningMarks = signal<readonly Mark[]>([]);
export const levels = signal<readonly TrackLevel[]>([]);

type Listener<T> = (value: T) => void;
const submissionListeners = new Set<Listener<Submission>>();
const lessonListeners = new Set<Listener<Lesson>>();

function listen<T>(all: Set<Listener<T>>, one: Listener<T>): () => void {
  all.add(one);
  return () => void all.delete(one);
}
export const onSubmission = (listener: Listener<Submission>): (() => void) => listen(submissionListeners, listener);
export const onLesson = (listener: Listener<Lesson>): (() => void) => listen(lessonListeners, listener);

const kSilenceMs = 6000;
let stream: EventSource | null = null;
let retry = 0;
let retryMs = 1000;

function take(state: DeviceState): void {
  stateAt.value = performance.now();
  connected.value = true;
  retryMs = 1000;
  const shown = keepLesson(state, device.peek());
  if (shown.lesson?.id !== device.peek()?.lesson?.id) runningMarks.value = [];
  device.value = shown;
}

// While the recorder is being restarted the device knows of no lesson: the last one stays on the screen, unproven, until the
// recorder says whether it goes on.
function keepLesson(state: DeviceState, before: DeviceState | null): DeviceState {
  if (state.state !== "fault" || state.lesson || !before?.lesson) return state;
  return { ...state, lesson: { ...before.lesson, recording_proven: false }, sources: state.sources.length > 0 ? state.sources : before.sources };
}

function marksOf(value: readonly Mark[] | { readonly marks: readonly Mark[] }): readonly Mark[] {
  return "marks" in value ? value.marks : value;
}

function lost(): void {
  connected.value = false;
  stream?.close();
  stream = null;
  clearTimeout(retry);
  retry = window.setTimeout(connect, retryMs);
  retryMs = Math.min(5000, retryMs * 1.5);
}

export function connect(): void {
  clearTimeout(retry);
  stream?.close();
  const opened = new EventSource("/api/events");
  stream = opened;
  const on = (name: string, take_: (data: string) => void): void => {
    opened.addEventListener(name, (event) => {
      if (event instanceof MessageEvent && typeof event.data === "string") take_(event.data);
    });
  };
  on("state", (data) => take(JSON.parse(data) as DeviceState));
  on("levels", (data) => (levels.value = (JSON.parse(data) as { readonly levels: readonly TrackLevel[] }).levels));
  on("marks", (data) => (runningMarks.value = marksOf(JSON.parse(data) as readonly Mark[])));
  on("submission", (data) => submissionListeners.forEach((told) => told(JSON.parse(data) as Submission)));
  on("lesson", (data) => lessonListeners.forEach((told) => told(JSON.parse(data) as Lesson)));
  opened.onerror = () => stream === opened && lost();
}

setInterval(() => {
  const recording = device.peek()?.lesson !== null && device.peek()?.state === "recording";
  if (stream && recording && performance.now() - stateAt.peek() > kSilenceMs) lost();
}, 1000);
