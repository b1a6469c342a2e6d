// Two or more <video> elements of the same lesson, played as one. The first source leads: its sound and its clock count. The
// others are muted and follow within 40 ms: a small drift is played off with a slightly changed rate, a large one by
// a seek. Times are milliseconds of the files, which are lesson (or clip) time.
import { batch, signal } from "@preact/signals";

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
  // Told about every stretch that was really played, in the file's time.
  onPlayed: (fromMs: number, toMs: number) => void = () => undefined;

  private readonly videos = new Map<string, HTMLVideoElement>();
  private readonly seekCostMs = new Map<string, number>();
  private frameMs: number;
  // The time stamp of the lead's painted frame.
  private paintedMs: number | null = null;
  private stopAtMs: number | null = null;
  private pendingMs: number | null = null;
  private timer = 0;
  private frame = 0;

  constructor(sources: readonly string[], framesPerSecond = 25) {
    this.sources = sources;
    this.shown.value = sources;
    this.frameMs = 1000 / framesPerSecond;
  }

  attach(source: string, video: HTMLVideoElement): () => void {
    this.videos.set(source, video);
    video.preservesPitch = true;
    video.muted = source !== this.sources[0] || this.muted.value;
    const leads = source === this.sources[0];
    if (leads) this.watchFrames(video);
    const events: [keyof HTMLMediaElementEventMap, () => void][] = [
      ["loadedmetadata", () => this.loaded(video, leads)],
      ["error", () => this.fail(source)],
      ["seeked", () => leads && this.readTime()],
      ["waiting", () => leads && (this.waiting.value = true)],
      ["playing", () => leads && (this.waiting.value = false)],
      ["canplay", () => leads && (this.waiting.value = false)],
      ["ended", () => leads && this.pause()],
      ["play", () => leads && this.setPlaying(true)],
      ["pause", () => leads && this.setPlaying(false)],
    ];
    for (const [name, handler] of events) video.addEventListener(name, handler);
    return () => {
      for (const [name, handler] of events) video.removeEventListener(name, handler);
      this.videos.delete(source);
    };
  }

  destroy(): void {
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
    for (const video of this.videos.values()) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
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
    return lead && this.pendingMs === null && lead.readyState > 0 ? lead.currentTime * 1000 : this.timeMs.peek();
  }

  pause(): void {
    for (const video of this.videos.values()) video.pause();
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else void this.play();
  }

  seek(ms: number): void {
    const end = this.durationMs.value > 0 ? this.durationMs.value : Number.POSITIVE_INFINITY;
    const target = Math.min(Math.max(0, ms), end);
    if (this.durationMs.value === 0) this.pendingMs = target;
    for (const video of this.videos.values()) video.currentTime = Math.min(target / 1000, video.duration || Number.MAX_VALUE);
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
  private watchFrames(video: PaintedVideo): void {
    if (!video.requestVideoFrameCallback) return;
    let seen = 0;
    const told: FrameTold = (_, { mediaTime }) => {
      const at = mediaTime * 1000;
      const apart = at - (this.paintedMs ?? at);
      if (this.playing.peek() && apart > 5 && apart < 200) this.frameMs = seen++ === 0 ? apart : Math.min(this.frameMs, apart);
      this.paintedMs = at;
      video.requestVideoFrameCallback?.(told);
    };
    video.requestVideoFrameCallback(told);
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    for (const video of this.videos.values()) video.playbackRate = rate;
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    const lead = this.lead();
    if (lead) lead.muted = muted;
  }

  private lead(): HTMLVideoElement | undefined {
    return this.videos.get(this.sources[0] ?? "");
  }

  private loaded(video: HTMLVideoElement, leads: boolean): void {
    video.playbackRate = this.rate.value;
    if (leads) this.durationMs.value = video.duration * 1000;
    const target = this.pendingMs ?? this.timeMs.value;
    if (leads) this.pendingMs = null;
    if (target > 0) video.currentTime = Math.min(target / 1000, video.duration);
  }

  private fail(source: string): void {
    if (!this.failed.value.includes(source)) this.failed.value = [...this.failed.value, source];
  }

  private async start(): Promise<void> {
    const lead = this.lead();
    if (!lead) return;
    if (lead.ended || lead.currentTime >= lead.duration - 0.05) this.seek(0);
    await this.allReady();
    await Promise.all([...this.videos.values()].map((video) => video.play().catch(() => undefined)));
  }

  // Starting together beats catching up: wait (not for ever) until every angle has its picture.
  private allReady(): Promise<void> {
    const ready = (): boolean => [...this.videos.values()].every((v) => v.error !== null || (v.readyState >= 3 && !v.seeking));
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
      for (const video of this.videos.values()) video.pause();
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
    if (!lead || this.pendingMs !== null) return;
    const now = lead.currentTime * 1000;
    const before = this.timeMs.value;
    batch(() => {
      this.timeMs.value = now;
    });
    if (this.playing.value && !lead.seeking && now > before && now - before < 2000) this.onPlayed(before, now);
    if (this.stopAtMs !== null && now >= this.stopAtMs) {
      this.stopAtMs = null;
      this.pause();
    }
  }

  // At rest every angle shows the same moment.
  private align(): void {
    const lead = this.lead();
    if (!lead) return;
    for (const video of this.videos.values()) {
      video.playbackRate = this.rate.value;
      if (video !== lead && Math.abs(video.currentTime - lead.currentTime) > 0.02) video.currentTime = lead.currentTime;
    }
  }

  private follow(): void {
    const lead = this.lead();
    if (!lead || lead.seeking || lead.readyState < 3) return;
    let worst = 0;
    for (const [source, video] of this.videos) {
      // One that has come to its own end stays there; play() would begin it anew.
      if (video === lead || video.error || video.seeking || video.ended || lead.currentTime >= video.duration) continue;
      const drift = (video.currentTime - lead.currentTime) * 1000;
      if (Math.abs(drift) > Math.abs(worst)) worst = drift;
      this.correct(source, video, lead, drift);
    }
    this.driftMs.value = Math.round(worst);
  }

  private correct(source: string, video: HTMLVideoElement, lead: HTMLVideoElement, drift: number): void {
    if (video.paused && video.readyState >= 3) void video.play().catch(() => undefined);
    if (Math.abs(drift) > kSeekMs) {
      // A seek takes time while the lead plays on: aim ahead by what the last one cost.
      const cost = this.seekCostMs.get(source) ?? 80;
      const began = performance.now();
      video.addEventListener("seeked", () => this.seekCostMs.set(source, Math.min(1000, performance.now() - began)), { once: true });
      video.currentTime = Math.min(video.duration, lead.currentTime + (cost / 1000) * this.rate.value);
      video.playbackRate = this.rate.value;
    } else if (Math.abs(drift) > kHeldMs) {
      const nudge = Math.max(-kMostNudge, Math.min(kMostNudge, -drift / 500));
      video.playbackRate = this.rate.value * (1 + nudge);
    } else {
      video.playbackRate = this.rate.value;
    }
  }
}
