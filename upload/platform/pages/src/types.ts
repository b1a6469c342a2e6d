// What the platform says, as docs/ref/platform-api.md writes it down.
export interface Assessor {
  readonly id: string;
  readonly name: string;
}

export interface QueueItem {
  readonly id: string;
  readonly point: string;
  readonly point_name: string;
  readonly programme: string;
  readonly received_utc: string;
  readonly duration_ms: number;
  readonly state: "new" | "draft" | "done";
  readonly third: boolean;
}

export interface ReviewClip {
  readonly index: number;
  readonly sources: readonly string[];
  readonly parts?: Readonly<Record<string, readonly { readonly from_ms: number; readonly to_ms: number }[]>>;
  readonly duration_ms: number;
  readonly gaps: readonly { readonly track: string; readonly from_ms: number; readonly to_ms: number; readonly reason: string }[];
}

export interface ReviewDocument {
  readonly index: number;
  readonly title: string;
  readonly media_type: string;
  readonly size_bytes: number;
}

// What the teacher says about a moment of a clip.
export interface ReviewNote {
  readonly clip: number;
  readonly at_ms: number;
  readonly to_ms: number | null;
  readonly text: string;
}

export interface ReviewPiece {
  readonly title: string;
  readonly kind: string;
  readonly status: "confirmed" | "unconfirmed";
  readonly note: string;
}

export interface ProofFact {
  readonly fact: string;
  readonly value: string | boolean | null;
  readonly text_key?: string;
  readonly detail?: string;
  readonly clip?: number;
}

export interface Moment {
  readonly source: string;
  readonly at_ms: number;
}

export interface PieceJudgement {
  readonly title: string;
  readonly level: string | null;
  readonly moments: readonly Moment[];
  readonly comment: string;
}

export interface TimedComment {
  readonly at_ms: number;
  readonly source: string;
  readonly text: string;
}

export interface Watched {
  readonly source: string;
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface Judgement {
  readonly pieces: readonly PieceJudgement[];
  readonly comments: readonly TimedComment[];
  readonly watched: readonly Watched[];
}

export interface Review {
  readonly id: string;
  readonly point: { readonly code: string; readonly name: string; readonly summary?: string; readonly dimension?: string; readonly environment?: string };
  readonly programme: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly clips: readonly ReviewClip[];
  readonly documents: readonly ReviewDocument[];
  readonly marks: readonly { readonly at_ms: number; readonly from_ms: number; readonly to_ms: number; readonly point: string | null }[];
  readonly notes?: readonly ReviewNote[];
  readonly pieces: readonly ReviewPiece[];
  readonly levels: readonly string[];
  readonly proof: readonly ProofFact[];
  readonly draft: Partial<Judgement> | null;
  readonly draft_version: string;
  readonly state?: QueueItem["state"];
}
