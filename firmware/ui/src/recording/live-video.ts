// What the camera sees at this moment, into a <video>: the device sends the codec, the header and then a piece of MP4 for each
// picture (WebSocket), the browser's MediaSource plays it. What is on disk is told by the state, not by this picture.
import { signal } from "@preact/signals";

// Seconds that the picture stays behind the newest piece: enough for the network's jitter, and no more.
const kAimS = 0.35;
const kHurryS = 0.6; // from here on it plays a little faster
const kJumpS = 1.2; // from here on it jumps
const kHurryRate = 1.15;
const kKeepS = 20;
const kMaxWaiting = 400; // pieces that the browser does not take: it has stopped, begin again
const kRetryMs = 1500;

export class LiveVideo {
  readonly state = signal<"connecting" | "playing" | "unsupported" | "lost">("connecting");
  // When the newest fragment came, by performance.now().
  readonly fragmentAt = signal(0);

  private socket: WebSocket | null = null;
  private media: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private waiting: ArrayBuffer[] = [];
  private address = "";
  private retry = 0;
  private closed = false;
  private readonly video: HTMLVideoElement;
  private readonly url: string;

  constructor(video: HTMLVideoElement, track: string) {
    this.video = video;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}/api/preview/${encodeURIComponent(track)}`;
    if (typeof MediaSource === "undefined") this.state.value = "unsupported";
    else this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.socket?.close();
    this.release();
  }

  private open(): void {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (typeof event.data === "string") this.begin(event.data);
      else this.add(event.data);
    };
    socket.onclose = () => {
      if (this.closed) return;
      if (this.state.value !== "unsupported") this.state.value = "lost";
      this.retry = window.setTimeout(() => this.open(), kRetryMs);
    };
    this.socket = socket;
  }

  // A text message begins an epoch: its codec first, then its header.
  private begin(text: string): void {
    const { mime } = JSON.parse(text) as { mime: string };
    if (!MediaSource.isTypeSupported(mime)) {
      this.state.value = "unsupported";
      this.socket?.close();
      this.closed = true;
      return;
    }
    this.release();
    const media = new MediaSource();
    this.media = media;
    this.address = URL.createObjectURL(media);
    media.addEventListener("sourceopen", () => {
      if (this.media !== media) return;
      this.buffer = media.addSourceBuffer(mime);
      this.buffer.addEventListener("updateend", () => this.next());
      this.next();
    });
    this.video.src = this.address;
  }

  private release(): void {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = "";
    this.media = null;
    this.buffer = null;
    this.waiting = [];
  }

  private add(bytes: ArrayBuffer): void {
    this.fragmentAt.value = performance.now();
    this.waiting.push(bytes);
    if (this.waiting.length > kMaxWaiting) this.socket?.close();
    else this.next();
  }

  private next(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.media?.readyState !== "open") return;
    this.chase();
    const oldest = buffer.buffered.length > 0 ? buffer.buffered.start(0) : 0;
    try {
      if (buffer.buffered.length > 0 && this.video.currentTime - oldest > 2 * kKeepS) {
        buffer.remove(oldest, this.video.currentTime - kKeepS);
      } else if (this.waiting.length > 0) {
        buffer.appendBuffer(this.takeWaiting());
      }
    } catch {
      // The element has failed or its quota is full: begin again with a fresh one.
      this.socket?.close();
    }
  }

  // All of them at once: each append costs the browser a turn of its event loop.
  private takeWaiting(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.waiting.reduce((size, piece) => size + piece.byteLength, 0));
    let at = 0;
    for (const piece of this.waiting) {
      all.set(new Uint8Array(piece), at);
      at += piece.byteLength;
    }
    this.waiting = [];
    return all;
  }

  private chase(): void {
    const { buffered } = this.video;
    if (buffered.length === 0) return;
    const newest = buffered.end(buffered.length - 1);
    const first = buffered.start(buffered.length - 1);
    const now = this.video.currentTime;
    const behind = newest - now;
    if (now < first || behind > kJumpS) this.video.currentTime = Math.max(first, newest - kAimS);
    else this.video.playbackRate = behind > kHurryS ? kHurryRate : this.video.playbackRate > 1 && behind > kAimS ? kHurryRate : 1;
    if (this.video.paused) void this.video.play().catch(() => undefined);
    this.state.value = "playing";
  }
}
