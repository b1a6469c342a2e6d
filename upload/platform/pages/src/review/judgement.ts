// One assessor's judgement while it is being made. Every change is kept in this browser at once and on the platform a moment later;
// what is shown as "saved" is what the platform has acknowledged. Nothing typed is ever lost.
import { computed, signal } from "@preact/signals";
import { asProblem, type Problem } from "@design/http";
import { readStoredJson, store } from "@design/storage";
import { api } from "../api";
import { assessor } from "../session";
import type { Judgement, Moment, PieceJudgement, Review, TimedComment, Watched } from "../types";
import { addSpan } from "./watched";

export type Saving = { readonly state: "saved"; readonly at: Date | null } | { readonly state: "saving" } | { readonly state: "failed"; readonly problem: Problem };

const kPauseMs = 500;
const kWatchedPauseMs = 4000;
const kRetryMs = 3000;

function isJudgement(value: unknown): value is Judgement {
  return typeof value === "object" && value !== null && "pieces" in value && "comments" in value && "watched" in value;
}

function whole(review: Review, draft: Partial<Judgement> | null): Judgement {
  const known = new Map((draft?.pieces ?? []).map((piece) => [piece.title, piece]));
  return {
    pieces: review.pieces.map(({ title }) => ({ title, level: known.get(title)?.level ?? null, moments: known.get(title)?.moments ?? [], comment: known.get(title)?.comment ?? "" })),
    comments: draft?.comments ?? [],
    watched: draft?.watched ?? [],
  };
}

export class JudgementDraft {
  readonly now;
  readonly saving = signal<Saving>({ state: "saved", at: null });
  // Problems of the last hand-in, by the piece that they are about; "" is about the whole.
  readonly problems = signal<ReadonlyMap<string, Problem>>(new Map());
  readonly judged = computed(() => this.now.value.pieces.filter((piece) => piece.level !== null).length);

  // Handed in before: shown, never changed.
  readonly closed: boolean;
  private readonly id: string;
  private readonly endMs: number;
  private readonly slot: string;
  private timer = 0;
  private due = Number.POSITIVE_INFINITY;
  private dirty = false;
  private running: Promise<void> = Promise.resolve();

  constructor(review: Review) {
    this.id = review.id;
    this.closed = review.state === "done";
    this.endMs = review.clips[0]?.duration_ms ?? 0;
    this.slot = `review.${assessor.peek()?.id ?? ""}.${review.id}`;
    // Left over only if it never reached the platform, so it is the newer one.
    const unsaved = this.closed ? null : readStoredJson(this.slot, isJudgement);
    this.now = signal<Judgement>(whole(review, unsaved ?? review.draft));
    if (unsaved) this.changed(kPauseMs);
  }

  setPiece(title: string, change: Partial<PieceJudgement>): void {
    this.update({ pieces: this.now.peek().pieces.map((piece) => (piece.title === title ? { ...piece, ...change } : piece)) });
    if (this.problems.peek().has(title)) this.problems.value = new Map([...this.problems.peek()].filter(([about]) => about !== title));
  }

  // A film may run a little past the clip's end; a moment never does.
  private within(ms: number): number {
    return Math.round(Math.max(0, Math.min(ms, this.endMs)));
  }

  cite(title: string, { source, at_ms }: Moment): void {
    const moment: Moment = { source, at_ms: this.within(at_ms) };
    const piece = this.now.peek().pieces.find((one) => one.title === title);
    if (!piece || piece.moments.some((known) => known.at_ms === moment.at_ms && known.source === moment.source)) return;
    this.setPiece(title, { moments: [...piece.moments, moment].sort((a, b) => a.at_ms - b.at_ms) });
  }

  dropMoment(title: string, index: number): void {
    const piece = this.now.peek().pieces.find((one) => one.title === title);
    if (piece) this.setPiece(title, { moments: piece.moments.filter((_, i) => i !== index) });
  }

  addComment(comment: TimedComment): void {
    this.update({ comments: [...this.now.peek().comments, { ...comment, at_ms: this.within(comment.at_ms) }].sort((a, b) => a.at_ms - b.at_ms) });
  }

  dropComment(index: number): void {
    this.update({ comments: this.now.peek().comments.filter((_, i) => i !== index) });
  }

  watched(span: Watched): void {
    if (this.closed) return;
    const before = this.now.peek().watched;
    const after = addSpan(before, { ...span, to_ms: this.within(span.to_ms) });
    if (after === before) return;
    this.now.value = { ...this.now.peek(), watched: after };
    this.changed(kWatchedPauseMs);
  }

  // Everything that has been changed is on the platform when this resolves; rejects if it cannot be.
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.due = Number.POSITIVE_INFINITY;
    await (this.running = this.running.then(() => this.save()));
    const state = this.saving.peek();
    if (state.state === "failed") throw state.problem;
  }

  // After it was handed in there is nothing to save.
  finish(): void {
    clearTimeout(this.timer);
    this.dirty = false;
    store(this.slot, null);
  }

  private update(change: Partial<Judgement>): void {
    if (this.closed) return;
    this.now.value = { ...this.now.peek(), ...change };
    this.changed(kPauseMs);
  }

  private changed(inMs: number): void {
    this.dirty = true;
    store(this.slot, JSON.stringify(this.now.peek()));
    if (this.saving.peek().state === "saved") this.saving.value = { state: "saving" };
    const due = performance.now() + inMs;
    if (due >= this.due && inMs !== kPauseMs) return;
    this.due = due;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush().catch(() => undefined), inMs);
  }

  private async save(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    this.saving.value = { state: "saving" };
    try {
      await api.saveDraft(this.id, this.now.peek());
      if (this.dirty) return;
      store(this.slot, null);
      this.saving.value = { state: "saved", at: new Date() };
    } catch (error) {
      this.dirty = true;
      this.saving.value = { state: "failed", problem: asProblem(error) };
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.flush().catch(() => undefined), kRetryMs);
    }
  }
}
