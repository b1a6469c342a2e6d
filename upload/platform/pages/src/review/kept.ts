// What this browser keeps of a judgement until the platform has acknowledged it, and what it keeps aside.
import { readStoredJson, store } from "@design/storage";
import type { Judgement, Review } from "../types";

export interface Kept {
  readonly judgement: Judgement;
  // The platform's draft that it was made from.
  readonly basedOn: string;
  // What was sent since: if the platform's draft is one of these, an answer got lost, and nobody else has changed it.
  readonly sent: readonly Judgement[];
}

function isJudgement(value: unknown): value is Judgement {
  return typeof value === "object" && value !== null && "pieces" in value && "comments" in value && "watched" in value;
}

function isKept(value: unknown): value is Kept {
  return typeof value === "object" && value !== null && "judgement" in value && isJudgement(value.judgement) && "basedOn" in value && "sent" in value && Array.isArray(value.sent) && value.sent.every(isJudgement);
}

// Every piece of the review, in its order, whatever a draft has of it.
export function whole(review: Review, draft: Partial<Judgement> | null): Judgement {
  const known = new Map((draft?.pieces ?? []).map((piece) => [piece.title, piece]));
  return {
    pieces: review.pieces.map(({ title }) => ({ title, level: known.get(title)?.level ?? null, moments: known.get(title)?.moments ?? [], comment: known.get(title)?.comment ?? "" })),
    comments: draft?.comments ?? [],
    watched: draft?.watched ?? [],
  };
}

// Says the same, in whatever order the members stand.
export function same(one: Judgement, other: Judgement): boolean {
  const plain = (it: Judgement): unknown => [
    it.pieces.map(({ title, level, moments, comment }) => [title, level, moments.map(({ source, at_ms }) => [source, at_ms]), comment]),
    it.comments.map(({ at_ms, source, text }) => [at_ms, source, text]),
    it.watched.map(({ source, from_ms, to_ms }) => [source, from_ms, to_ms]),
  ];
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

export class Keeper {
  private readonly slot: string;

  constructor(assessor: string, review: string) {
    this.slot = `review.${assessor}.${review}`;
  }

  // A judgement without its draft's version is of an earlier version of this page: nobody knows what it was made from.
  read(): Kept | null {
    const kept = readStoredJson(this.slot, isKept);
    if (kept) return kept;
    const judgement = readStoredJson(this.slot, isJudgement);
    return judgement && { judgement, basedOn: "", sent: [] };
  }

  keep(kept: Kept | null): void {
    store(this.slot, kept && JSON.stringify(kept));
  }

  aside(): Judgement | null {
    return readStoredJson(`${this.slot}.aside`, isJudgement);
  }

  putAside(judgement: Judgement | null): void {
    store(`${this.slot}.aside`, judgement && JSON.stringify(judgement));
  }
}
