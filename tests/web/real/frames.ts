// Is the frame that the browser shows the frame that the file holds at that time? The browser tells the time stamp of what it
// painted; ffmpeg decodes the same file by itself; among the neighbours the one with that time stamp must look most alike.
// ("-copyts": without it ffmpeg moves the first time stamp to zero.) The demonstration's pictures carry a running counter, so neighbours differ.
import { spawnSync } from "node:child_process";
import type { Locator } from "@playwright/test";

const kWidth = 640;
const kHeight = 360;

export interface Painted {
  readonly seconds: number;
  readonly luma: readonly number[];
}

// Seeks and waits for the frame to be painted.
export function seekAndPaint(video: Locator, seconds: number): Promise<Painted> {
  return video.evaluate((element, [target, width, height]) => new Promise<Painted>((resolve, reject) => {
    const shown = element as HTMLVideoElement & { requestVideoFrameCallback: (told: (now: number, frame: { mediaTime: number }) => void) => number };
    const late = setTimeout(() => reject(new Error(`no frame was painted at ${target} s`)), 15_000);
    shown.requestVideoFrameCallback((_, frame) => {
      clearTimeout(late);
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext("2d");
      if (!context) return reject(new Error("no canvas"));
      context.drawImage(shown, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const luma: number[] = [];
      for (let i = 0; i < data.length; i += 4) luma.push(Math.round(0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0)));
      resolve({ seconds: frame.mediaTime, luma });
    });
    shown.currentTime = target;
  }), [seconds, kWidth, kHeight] as const);
}

export interface Decoded {
  readonly seconds: number;
  readonly luma: Buffer;
}

export function decodeAround(file: string, seconds: number): readonly Decoded[] {
  const from = Math.max(0, seconds - 0.25);
  const filter = `select='between(t,${from},${seconds + 0.25})',showinfo,scale=${kWidth}:${kHeight}:flags=bilinear:out_range=full,format=gray`;
  const done = spawnSync("ffmpeg", ["-hide_banner", "-nostats", "-copyts", "-i", file, "-an", "-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-"], { maxBuffer: 1 << 29 });
  if (done.status !== 0) throw new Error(`ffmpeg: ${done.stderr.toString().slice(-400)}`);
  const times = [...done.stderr.toString().matchAll(/pts_time:\s*([\d.]+)/g)].map((found) => Number(found[1]));
  return times.map((at, i) => ({ seconds: at, luma: done.stdout.subarray(i * kWidth * kHeight, (i + 1) * kWidth * kHeight) }));
}

function distance(a: readonly number[], b: Buffer): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum / Math.max(1, b.length);
}

// Of the decoded neighbours, which one was painted?
export function mostAlike(painted: Painted, neighbours: readonly Decoded[]): { readonly seconds: number; readonly distance: number } {
  const [best] = neighbours.map((one) => ({ seconds: one.seconds, distance: distance(painted.luma, one.luma) })).sort((a, b) => a.distance - b.distance);
  if (!best) throw new Error("ffmpeg found no frame there");
  return best;
}

