// One assessor's judgement while it is being made. Every change is kept in this browser at once and on the platform a moment later;
// what is shown as "saved" is what the platform has acknowledged. Nothing typed is ever lost: what another window or browser has saved
// meanwhile is shown, and what was made here is kept aside until the assessor says which of the two counts.
import { computed, signal } from "@preact/signals";
import { asProblem, type Problem } from "@design/http";
import { api } from "../api";
import { assessor } from "../session";
import type { Judgement, Moment, PieceJudgement, Review, TimedComment, Watched } from "../types";
import { Keeper, same, whole } from "./kept";
import { addSpan } from "./watched";

export type Saving = { readonly state: "saved"; readonly at: Date | null } | { readonly state: "saving" } | { readonly state: "failed"; readonly problem: Problem };

const kPauseMs = 500;
const kWatchedPauseMs = 4000;
const kRetryMs = 3000;
const kSentKept = 8;

export class JudgementDraft {
  readonly now;
  readonly saving = signal<Saving>({ state: "saved", at: null });
  // Problems of the last hand-in, by the piece that they are about; "" is about the whole.
  readonly problems = signal<ReadonlyMap<string, Problem>>(new Map());
  readonly judged = computed(() => this.now.value.pieces.filter((piece) => piece.level !== null).length);

  // Made here, but not from the draft that is shown now.
  readonly aside = signal<Judgement | null>(null);

  // Handed in before: shown, never changed.
  readonly closed: boolean;
  private readonly id: string;
  private readonly endMs: number;
  private readonly keeper: Keeper;
  private basedOn: string;
  private sent: readonly Judgement[] = [];
  private timer = 0;
  private due = Number.POSITIVE_INFINITY;
  private dirty = false;
  private running: Promise<void> = Promise.resolve();

  constructor(review: Review) {
    this.id = review.id;
    this.closed = review.state === "done";
    this.endMs = review.clips[0]?.duration_ms ?? 0;
    this.keeper = new Keeper(assessor.peek()?.id ?? "", review.id);
    this.basedOn = review.draft_version;
    this.now = signal<Judgement>(whole(review, review.draft));
    if (this.closed) return;
    this.aside.value = this.keeper.aside();
    this.takeUp(review);
  }

  // What is left over from before: it goes on if it was made from the platform's draft.
  private takeUp(review: Review): void {
    const kept = this.keeper.read();
    if (!kept) return;
    const mine = whole(review, kept.judgement);
    const theirs = this.now.peek();
    if (same(mine, theirs)) return this.keeper.keep(null);
    const goesOn = kept.basedOn === this.basedOn || review.state === "new" || kept.sent.some((sent) => same(whole(review, sent), theirs));
    if (!goesOn) return this.putAside(mine);
    this.now.value = mine;
    this.changed(kPauseMs);
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
    this.keeper.keep(null);
    this.keeper.putAside(null);
  }

  get version(): string {
    return this.basedOn;
  }

  // The page is being closed: no pause any more, and nobody waits for the answer.
  readonly leave = (): void => {
    if (this.closed || this.saving.peek().state === "saved") return;
    this.sending();
    api.saveDraft(this.id, this.now.peek(), this.basedOn, true).catch(() => undefined);
  };

  takeAside(): void {
    const mine = this.aside.peek();
    this.dropAside();
    if (mine) this.update(mine);
  }

  dropAside(): void {
    this.aside.value = null;
    this.keeper.putAside(null);
  }

  // The platform has another draft than the one that this was made from.
  async meet(): Promise<void> {
    const review = await api.review(this.id);
    const theirs = whole(review, review.draft);
    const mine = this.now.peek();
    const ours = this.sent.some((sent) => same(sent, theirs));
    this.basedOn = review.draft_version;
    this.sent = [];
    if (ours && !same(mine, theirs)) return this.changed(kPauseMs);
    if (!same(mine, theirs)) this.putAside(mine);
    this.now.value = theirs;
    this.saved();
  }

  private putAside(mine: Judgement): void {
    this.aside.value = mine;
    this.keeper.putAside(mine);
    this.keeper.keep(null);
  }

  private update(change: Partial<Judgement>): void {
    if (this.closed) return;
    this.now.value = { ...this.now.peek(), ...change };
    this.changed(kPauseMs);
  }

  private changed(inMs: number): void {
    this.dirty = true;
    this.keep();
    if (this.saving.peek().state === "saved") this.saving.value = { state: "saving" };
    const due = performance.now() + inMs;
    if (due >= this.due && inMs !== kPauseMs) return;
    this.due = due;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush().catch(() => undefined), inMs);
  }

  private keep(): void {
    this.keeper.keep({ judgement: this.now.peek(), basedOn: this.basedOn, sent: this.sent });
  }

  private sending(): void {
    this.sent = [...this.sent, this.now.peek()].slice(-kSentKept);
    this.keep();
  }

  private saved(): void {
    this.dirty = false;
    this.keeper.keep(null);
    this.saving.value = { state: "saved", at: new Date() };
  }

  private async save(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    this.saving.value = { state: "saving" };
    this.sending();
    try {
      this.basedOn = await api.saveDraft(this.id, this.now.peek(), this.basedOn);
      this.sent = [];
      if (this.dirty) this.keep();
      else this.saved();
    } catch (error) {
      this.dirty = true;
      await this.saveAgain(asProblem(error));
    }
  }

  private async saveAgain(problem: Problem): Promise<void> {
    let left: Problem | null = problem;
    if (problem.code === "draft-changed") left = await this.meet().then(() => null, asProblem);
    if (left === null) return;
    this.saving.value = { state: "failed", problem: left };
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush().catch(() => undefined), kRetryMs);
  }
}
