// Two or more angles of the same lesson, played as one. The first source leads: its sound and its clock count. The others are
// muted and follow within 40 ms: a small drift is played off with a slightly changed rate, a large one by a seek. Times are
// milliseconds of the lesson (or the clip).
import { batch, signal } from "@preact/signals";
import { type Angle, AngleVideo } from "./angle-video";

const kHeldMs = 15; // closer than this is left alone
const kSeekMs = 300; // further than this is not worth playing off
const kMostNudge = 0.08;
const kCheckEveryMs = 100;

// Chrome 83 and later tell which frame was painted; without it frames are counted from zero at the given rate.
type FrameTold = (now: number, frame: { readonly mediaTime: number }) => void;
type PaintedVideo = HTMLVideoElement & { requestVideoFrameCallback?: (told: FrameTold) => number };

export class SyncedPlayer {
  readonly timeMs = signal(0);
  readonly durationMs = signal(0);
  readonly playing = signal(false);
  readonly waiting = signal(false);
  readonly muted = signal(false);
  readonly rate = signal(1);
  readonly failed = signal<readonly string[]>([]);
  // Of the follower that is furthest off; for the page's own tests and for the curious.
  readonly driftMs = signal(0);

  // Which angles can be seen just now: the layout decides.
  readonly shown = signal<readonly string[]>([]);

  readonly sources: readonly string[];
  // Told about every stretch that was really played.
  onPlayed: (fromMs: number, toMs: number) => void = () => undefined;

  private readonly angles = new Map<string, AngleVideo>();
  private readonly seekCostMs = new Map<string, number>();
  private frameMs: number;
  // The time stamp of the lead's painted frame.
  private paintedMs: number | null = null;
  private stopAtMs: number | null = null;
  private timer = 0;
  private frame = 0;

  constructor(sources: readonly string[], framesPerSecond = 25) {
    this.sources = sources;
    this.shown.value = sources;
    this.frameMs = 1000 / framesPerSecond;
  }

  attach({ source, films }: Angle, video: HTMLVideoElement): () => void {
    const angle = new AngleVideo(video, films);
    this.angles.set(source, angle);
    video.preservesPitch = true;
    const leads = source === this.sources[0];
    video.muted = !leads || this.muted.value;
    if (leads) this.watchFrames(angle);
    if (this.timeMs.value > 0) angle.seek(this.timeMs.value);
    const events: [keyof HTMLMediaElementEventMap, () => void][] = [
      ["loadedmetadata", () => this.loaded(angle, leads)],
      ["error", () => this.fail(source)],
      ["seeked", () => leads && this.readTime()],
      ["waiting", () => leads && (this.waiting.value = true)],
      ["playing", () => leads && (this.waiting.value = false)],
      ["canplay", () => leads && (this.waiting.value = false)],
      ["ended", () => (angle.changes ? angle.onEnded() : leads && this.pause())],
      ["play", () => leads && this.setPlaying(true)],
      ["pause", () => leads && !angle.changes && this.setPlaying(false)],
    ];
    for (const [name, handler] of events) video.addEventListener(name, handler);
    return () => {
      for (const [name, handler] of events) video.removeEventListener(name, handler);
      this.angles.delete(source);
    };
  }

  destroy(): void {
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
    for (const angle of this.angles.values()) angle.release();
  }

  async play(): Promise<void> {
    this.stopAtMs = null;
    await this.start();
  }

  // Plays one stretch and stops at its end: what a clip will show.
  async playRange(fromMs: number, toMs: number): Promise<void> {
    this.seek(fromMs);
    this.stopAtMs = toMs;
    await this.start();
  }

  // This very moment; timeMs is as old as the last painted frame.
  now(): number {
    const lead = this.lead();
    return lead?.loaded ? lead.nowMs : this.timeMs.peek();
  }

  pause(): void {
    for (const angle of this.angles.values()) angle.pause();
    if (this.playing.peek() && this.lead()?.video.paused) this.setPlaying(false);  // between two films the browser says nothing
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else void this.play();
  }

  seek(ms: number): void {
    const end = this.durationMs.value > 0 ? this.durationMs.value : Number.POSITIVE_INFINITY;
    const target = Math.min(Math.max(0, ms), end);
    for (const angle of this.angles.values()) angle.seek(target);
    this.timeMs.value = target;
  }

  // Whole frames: the middle of the frame is aimed at, so that rounding never shows the neighbour.
  step(frames: number): void {
    this.pause();
    const now = this.now();
    const painted = this.paintedMs !== null && Math.abs(this.paintedMs - now) < 2 * this.frameMs ? this.paintedMs : null;
    const begun = painted ?? Math.floor(now / this.frameMs + 0.001) * this.frameMs;
    this.seek(begun + (frames + 0.5) * this.frameMs);
  }

  // Learns when the painted frame began, and how long frames last: the shortest distance of neighbours while playing.
  private watchFrames(angle: AngleVideo): void {
    const video: PaintedVideo = angle.video;
    if (!video.requestVideoFrameCallback) return;
    let seen = 0;
    const told: FrameTold = (_, { mediaTime }) => {
      const at = angle.nowMs + mediaTime * 1000 - video.currentTime * 1000;
      const apart = at - (this.paintedMs ?? at);
      if (this.playing.peek() && apart > 5 && apart < 200) this.frameMs = seen++ === 0 ? apart : Math.min(this.frameMs, apart);
      this.paintedMs = at;
      video.requestVideoFrameCallback?.(told);
    };
    video.requestVideoFrameCallback(told);
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    for (const { video } of this.angles.values()) video.playbackRate = rate;
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    const lead = this.lead();
    if (lead) lead.video.muted = muted;
  }

  private lead(): AngleVideo | undefined {
    return this.angles.get(this.sources[0] ?? "");
  }

  private loaded(angle: AngleVideo, leads: boolean): void {
    angle.video.playbackRate = this.rate.value;
    angle.onLoaded();
    if (leads) this.durationMs.value = angle.endMs ?? 0;
  }

  private fail(source: string): void {
    if (!this.failed.value.includes(source)) this.failed.value = [...this.failed.value, source];
  }

  private async start(): Promise<void> {
    const lead = this.lead();
    if (!lead) return;
    if (lead.ended) this.seek(0);
    await this.allReady();
    await Promise.all([...this.angles.values()].map((angle) => angle.play()));
  }

  // Starting together beats catching up: wait (not for ever) until every angle has its picture.
  private allReady(): Promise<void> {
    const ready = (): boolean => [...this.angles.values()].every((angle) => angle.failed || angle.settled);
    return new Promise((resolve) => {
      const deadline = performance.now() + 4000;
      const look = (): void => {
        if (ready() || performance.now() > deadline) resolve();
        else setTimeout(look, 20);
      };
      look();
    });
  }

  private setPlaying(playing: boolean): void {
    this.playing.value = playing;
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
    if (!playing) {
      this.waiting.value = false;
      for (const angle of this.angles.values()) angle.pause();
      this.align();
      this.readTime();
      return;
    }
    this.timer = window.setInterval(() => this.follow(), kCheckEveryMs);
    const tick = (): void => {
      this.readTime();
      this.frame = requestAnimationFrame(tick);
    };
    tick();
  }

  private readTime(): void {
    const lead = this.lead();
    if (!lead?.loaded) return;
    const now = lead.nowMs;
    const before = this.timeMs.value;
    batch(() => {
      this.timeMs.value = now;
    });
    if (this.playing.value && !lead.video.seeking && now > before && now - before < 2000) this.onPlayed(before, now);
    if (this.stopAtMs !== null && now >= this.stopAtMs) {
      this.stopAtMs = null;
      this.pause();
    }
  }

  // At rest every angle shows the same moment.
  private align(): void {
    const lead = this.lead();
    if (!lead) return;
    for (const angle of this.angles.values()) {
      angle.video.playbackRate = this.rate.value;
      if (angle !== lead && Math.abs(angle.nowMs - lead.nowMs) > 20) angle.seek(lead.nowMs);
    }
  }

  private follow(): void {
    const lead = this.lead();
    if (!lead?.settled) return;
    let worst = 0;
    for (const [source, angle] of this.angles) {
      // One that has come to its own end stays there; play() would begin it anew.
      if (angle === lead || angle.failed || !angle.loaded || angle.video.seeking || angle.ended || lead.nowMs >= (angle.endMs ?? 0)) continue;
      if (angle.isAheadOf(lead.nowMs)) {
        angle.pause();  // its next film stands ready
        continue;
      }
      const drift = angle.nowMs - lead.nowMs;
      if (Math.abs(drift) > Math.abs(worst)) worst = drift;
      this.correct(source, angle, lead, drift);
    }
    this.driftMs.value = Math.round(worst);
  }

  private correct(source: string, angle: AngleVideo, lead: AngleVideo, drift: number): void {
    const { video } = angle;
    if (video.paused && angle.settled) void angle.play();
    if (Math.abs(drift) > kSeekMs) {
      // A seek takes time while the lead plays on: aim ahead by what the last one cost.
      const cost = this.seekCostMs.get(source) ?? 80;
      const began = performance.now();
      video.addEventListener("seeked", () => this.seekCostMs.set(source, Math.min(1000, performance.now() - began)), { once: true });
      angle.seek(lead.nowMs + cost * this.rate.value);
      video.playbackRate = this.rate.value;
    } else if (Math.abs(drift) > kHeldMs) {
      const nudge = Math.max(-kMostNudge, Math.min(kMostNudge, -drift / 500));
      video.playbackRate = this.rate.value * (1 + nudge);
    } else {
      video.playbackRate = this.rate.value;
    }
  }
}
