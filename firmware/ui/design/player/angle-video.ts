// One angle: a <video> that plays the films of a source one behind the other as if they were one. A source has several films where
// its camera changed its format. Times are ms of the lesson or of the clip; a film's own time begins at 0.

export interface Film {
  readonly url: string;
  readonly from_ms: number;
  readonly to_ms: number | null;  // null: to the file's end
}

export interface Angle {
  readonly source: string;
  readonly films: readonly Film[];  // they tile the lesson or the clip
}

// `parts`: none where the source is a single film.
export function filmsOf(parts: readonly { readonly from_ms: number; readonly to_ms: number }[] | undefined, urlOf: (part: number) => string): readonly Film[] {
  if (!parts || parts.length < 2) return [{ url: urlOf(1), from_ms: 0, to_ms: null }];
  return parts.map((part, i) => ({ url: urlOf(i + 1), from_ms: part.from_ms, to_ms: part.to_ms }));
}

const kAtEndS = 0.05;

export class AngleVideo {
  readonly video: HTMLVideoElement;
  private readonly films: readonly Film[];
  private index = 0;
  private aimMs: number | null = null;  // where the film that is being loaded will stand
  private goOn = false;  // and whether it will play

  constructor(video: HTMLVideoElement, films: readonly Film[]) {
    this.video = video;
    this.films = films;
    video.src = this.film.url;
  }

  get nowMs(): number {
    return this.aimMs ?? this.film.from_ms + this.video.currentTime * 1000;
  }

  // null: not known yet.
  get endMs(): number | null {
    const last = this.films[this.films.length - 1] ?? this.film;
    if (last.to_ms !== null) return last.to_ms;
    return this.video.duration > 0 ? last.from_ms + this.video.duration * 1000 : null;
  }

  get loaded(): boolean {
    return this.aimMs === null && this.video.readyState > 0;
  }

  get settled(): boolean {
    return this.aimMs === null && this.video.readyState >= 3 && !this.video.seeking;
  }

  get failed(): boolean {
    return this.video.error !== null;
  }

  get ended(): boolean {
    return this.isLast && (this.video.ended || this.video.currentTime >= this.video.duration - kAtEndS);
  }

  // One film is over, and another follows: the browser says "pause" meanwhile.
  get changes(): boolean {
    return this.goOn || (this.video.ended && !this.isLast);
  }

  isAheadOf(ms: number): boolean {
    return ms < this.film.from_ms;
  }

  play(): Promise<void> {
    if (this.aimMs !== null) this.goOn = true;
    return this.video.play().catch(() => undefined);
  }

  pause(): void {
    this.goOn = false;
    this.video.pause();
  }

  seek(ms: number): void {
    const index = this.filmAt(ms);
    if (index !== this.index) this.show(index, ms, !this.video.paused);
    else if (this.video.readyState === 0) this.aimMs = ms;
    else this.video.currentTime = this.placeOf(ms);
  }

  // To be called when the browser says so; before anybody else looks at this angle.
  onLoaded(): void {
    const aim = this.aimMs;
    this.aimMs = null;
    if (aim !== null && aim > this.film.from_ms) this.video.currentTime = this.placeOf(aim);
    if (this.goOn) void this.video.play().catch(() => undefined).then(() => (this.goOn = false));
  }

  onEnded(): void {
    const next = this.films[this.index + 1];
    if (next) this.show(this.index + 1, next.from_ms, true);
  }

  release(): void {
    this.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  private get film(): Film {
    return this.films[this.index] ?? { url: "", from_ms: 0, to_ms: null };
  }

  private get isLast(): boolean {
    return this.index >= this.films.length - 1;
  }

  private filmAt(ms: number): number {
    const index = this.films.findIndex((film) => ms < (film.to_ms ?? Number.POSITIVE_INFINITY));
    return index < 0 ? this.films.length - 1 : index;
  }

  private placeOf(ms: number): number {
    return Math.min(Math.max(0, ms - this.film.from_ms) / 1000, this.video.duration || Number.MAX_VALUE);
  }

  private show(index: number, ms: number, playing: boolean): void {
    this.index = index;
    this.aimMs = ms;
    this.goOn = playing;
    this.video.src = this.film.url;
  }
}
