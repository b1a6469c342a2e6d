// What the appliance says, as docs/ref/device-api.md writes it down.
export interface Teacher {
  readonly id: string;
  readonly name: string;
}

export interface TrackState {
  readonly name: string;
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly durable_ms: number;
  readonly bytes: number;
  readonly fragments: number;
  readonly gaps: number;
  readonly trouble?: "" | "dropping" | "no-room";
}

export interface SourceState {
  readonly name: string;
  readonly kind: string;
  readonly state: "live" | "connecting" | "lost";
  readonly code?: string;
  readonly picture_missing?: boolean;
  readonly detail?: string;
  readonly tracks: readonly TrackState[];
}

export interface RunningLesson {
  readonly id: string;
  readonly subject: string;
  readonly class_name: string;
  readonly topic: string;
  readonly teacher: string | Teacher | null;
  readonly started_utc: string;
  readonly elapsed_ms: number;
  readonly durable_ms: number;
  readonly bytes: number;
  readonly gaps: number;
  readonly marks: number;
  readonly durable_lag_ms: number;
  readonly recording_proven: boolean;
  readonly planned_ms?: number | null;
  readonly away_since_ms?: number | null;
  readonly closes_in_ms?: number | null;
}

export type AlarmKind = "no-sound" | "clipping" | "hum-only" | "black" | "frozen" | "not-durable";

export interface Alarm {
  readonly track: string;
  readonly kind: AlarmKind;
  readonly since_ms: number;
}

export interface TrackLevel {
  readonly track: string;
  readonly rms_dbfs: number;
  readonly peak_dbfs: number;
}

export interface DeviceState {
  readonly state: "idle" | "recording" | "private" | "stopping" | "fault";
  readonly fault?: string;
  readonly fault_code?: string;
  readonly pre_roll?: { readonly armed: boolean; readonly kept_ms: number };
  readonly lesson: RunningLesson | null;
  readonly sources: readonly SourceState[];
  readonly alarms?: readonly Alarm[];
  readonly disk: { readonly free_bytes: number; readonly minutes_left: number };
  readonly clock: { readonly synchronised: boolean; readonly error_ms: number };
  readonly upload: UploadLine;
  readonly device: { readonly id: string; readonly name: string; readonly version: string };
}

export interface Mark {
  readonly id: string;
  readonly point: string | null;
  readonly at_ms: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly undone: boolean;
}

export interface Gap {
  readonly track: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly reason: string;
}

// Of the sources whose camera changed its format: each stretch is a film of its own.
export type Parts = Readonly<Record<string, readonly { readonly from_ms: number; readonly to_ms: number }[]>>;

export interface Clip {
  readonly id: string;
  readonly point: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly sources: readonly string[];
  readonly mark: string | null;
  readonly duration_ms: number;
  readonly parts?: Parts;
}

export interface LessonDocument {
  readonly id: string;
  readonly title: string;
  readonly name?: string;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface Lesson {
  readonly id: string;
  readonly subject: string;
  readonly class_name: string;
  readonly topic: string;
  readonly state: "recording" | "finished" | "recovered";
  readonly started_utc: string;
  readonly duration_ms: number;
  readonly bytes: number;
  readonly gap_count: number;
  readonly mark_count: number;
}

export interface WholeLesson extends Lesson {
  readonly recorded_from_ms?: number;
  readonly parts?: Parts;
  readonly tracks: readonly TrackState[];
  readonly marks: readonly Mark[];
  readonly gaps: readonly Gap[];
  readonly clips: readonly Clip[];
  readonly documents: readonly LessonDocument[];
}

// At a moment of the lesson.
export interface TeacherNote {
  readonly at_ms: number;
  readonly text: string;
}

export interface CheckItem {
  readonly piece: string;
  readonly status: "done" | "warning" | "missing";
  readonly text_key: string;
  readonly detail: string;
}

export interface ClipCheck {
  readonly items: readonly CheckItem[];
  readonly can_submit: boolean;
}

export interface VerdictReason {
  readonly piece: string;
  readonly at_ms: number;
  readonly source: string;
  readonly text: string;
}

export interface Verdict {
  readonly level: string;
  readonly pieces: readonly { readonly title: string; readonly level: string }[];
  readonly reasons: readonly VerdictReason[];
  readonly decided_utc: string;
}

// The line to the platform; the members after `queued` are missing on older devices.
export interface UploadLine {
  readonly state: 'ok'|'waiting'|'offline'|'off';
  readonly queued: number;
  readonly code?: string|null;
  readonly error?: string|null;
  readonly limit?: {
    readonly bytes_per_s: number|null; readonly why: 'free' | 'timetable' | 'by-hand' | 'recording' | 'others'; readonly by_hand:
                                                                                                                             boolean;
  }|null;
  readonly clock_ahead_s?: number|null;
}

export type SubmissionState = "packing" | "queued" | "sending" | "verifying" | "acknowledged" | "rejected" | "withdrawn";

export interface Submission {
  readonly id: string;
  readonly lesson: string;
  readonly clip: string;
  readonly point: string;
  readonly state: SubmissionState;
  readonly reasons: readonly (string | { readonly code?: string; readonly text: string })[];
  readonly paused?: boolean;
  readonly package_sha256: string | null;
  readonly size_bytes: number;
  readonly acked_bytes: number;
  readonly rate_bytes_per_s: number;
  readonly seconds_left: number | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly error_code?: string|null;
  readonly receipt: { readonly number: string; readonly received_utc: string } | null;
  readonly verdict: Verdict | null;
}

export interface EvidencePiece {
  readonly kind: string;
  readonly title: string;
  readonly note: string;
  readonly status: "confirmed" | "unconfirmed";
  readonly max_minutes?: number | null;
}

export interface AbilityPoint {
  readonly code: string;
  readonly name: string;
  readonly environment: string;
  readonly dimension: string;
  readonly summary: string;
  readonly name_status: "confirmed" | "unconfirmed";
  readonly capture_hint: string;
  readonly evidence: readonly EvidencePiece[];
}

export interface Catalogue {
  readonly catalogue: string;
  readonly title: string;
  readonly levels: readonly string[];
  readonly points: readonly AbilityPoint[];
}

export interface DoctorCheck {
  readonly id: string;
  readonly status: "ok" | "warning" | "critical";
  readonly text: string;
}
