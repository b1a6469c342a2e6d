// The appliance's calls, one line each (docs/ref/device-api.md).
import { request, sendFile } from "@design/http";
import type {
  Catalogue, Clip, ClipCheck, DeviceState, DoctorCheck, Lesson, LessonDocument, Mark, Submission, Teacher, TeacherNote, WholeLesson,
} from "./types";

const whichPart = (part: number): string => (part === 1 ? "" : `?part=${part}`);
const at = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join("/");

export interface LessonCard {
  readonly subject: string;
  readonly class_name: string;
  readonly topic: string;
  readonly planned_ms?: number;
}

export interface NewMark {
  readonly id: string;
  readonly point: string | null;
  readonly tapped_ago_ms: number;
  readonly look_back_ms: number;
  readonly look_ahead_ms: number;
}

export interface ClipWish {
  readonly point: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly sources: readonly string[];
  readonly mark: string | null;
}

export type SubmissionAction = "pause" | "resume" | "withdraw" | "send-now";

export const api = {
  teachers: () => request<{ teachers: Teacher[] }>("GET", "/api/teachers").then((a) => a.teachers),
  signIn: (teacher: string, pin: string) => request<{ teacher: Teacher }>("POST", "/api/session", { body: { teacher, pin } }).then((a) => a.teacher),
  session: () => request<{ teacher: Teacher }>("GET", "/api/session", { quiet: true }).then((a) => a.teacher),
  signOut: () => request<void>("DELETE", "/api/session", { quiet: true }),

  state: () => request<DeviceState>("GET", "/api/state"),
  doctor: () => request<{ checks: DoctorCheck[] }>("GET", "/api/doctor").then((a) => a.checks),
  catalogue: () => request<Catalogue>("GET", "/api/catalogue"),
  tiles: () => request<{ tiles: string[] }>("GET", "/api/tiles").then((a) => a.tiles),
  putTiles: (tiles: readonly string[]) => request<unknown>("PUT", "/api/tiles", { body: { tiles } }),

  start: (card: LessonCard) => request<{ lesson_id: string }>("POST", "/api/recording", { body: card, timeoutMs: 30_000 }),
  stopForNow: () => request<{ lesson_id: string; duration_ms: number }>("DELETE", "/api/recording?for_now=1", { timeoutMs: 60_000 }),
  finish: () => request<{ lesson_id: string; duration_ms: number }>("DELETE", "/api/recording", { timeoutMs: 60_000 }),
  pause: () => request<void>("POST", "/api/recording/pause", { timeoutMs: 15_000 }),
  resume: () => request<void>("POST", "/api/recording/resume", { timeoutMs: 15_000 }),
  extend: (by_ms: number) => request<{ planned_ms: number }>("POST", "/api/recording/extend", { body: { by_ms } }),
  deleteLast: (last_ms: number) => request<void>("POST", "/api/recording/delete-last", { body: { last_ms }, timeoutMs: 60_000 }),
  deleteRange: (lesson: string, from_ms: number, to_ms: number) => request<void>("POST", `/api/lessons/${at(lesson)}/deletions`, { body: { from_ms, to_ms }, timeoutMs: 60_000 }),
  arm: () => request<void>("PUT", "/api/armed", { quiet: true }),
  disarm: () => request<void>("DELETE", "/api/armed", { quiet: true }),
  mark: (mark: NewMark) => request<Mark>("POST", "/api/recording/marks", { body: mark, timeoutMs: 5000 }),
  undoMark: (id: string) => request<void>("DELETE", `/api/recording/marks/${at(id)}`),

  lessons: () => request<{ lessons: Lesson[] }>("GET", "/api/lessons").then((a) => a.lessons),
  lesson: (id: string) => request<WholeLesson>("GET", `/api/lessons/${at(id)}`),
  lessonMedia: (id: string, source: string, part = 1) => `/api/lessons/${at(id)}/media/${at(source)}.mp4${whichPart(part)}`,
  thumbnail: (id: string, ms: number) => `/api/lessons/${at(id)}/thumbnail.jpg?at_ms=${Math.max(0, Math.round(ms))}`,

  makeClip: (lesson: string, wish: ClipWish) => request<Clip>("POST", `/api/lessons/${at(lesson)}/clips`, { body: wish }),
  changeClip: (lesson: string, clip: string, wish: Partial<ClipWish>) => request<Clip>("PATCH", `/api/lessons/${at(lesson)}/clips/${at(clip)}`, { body: wish }),
  deleteClip: (lesson: string, clip: string) => request<void>("DELETE", `/api/lessons/${at(lesson)}/clips/${at(clip)}`),
  clipMedia: (lesson: string, clip: string, source: string, part = 1) => `/api/lessons/${at(lesson)}/clips/${at(clip)}/media/${at(source)}.mp4${whichPart(part)}`,
  checkClip: (lesson: string, clip: string) => request<ClipCheck>("GET", `/api/lessons/${at(lesson)}/clips/${at(clip)}/check`, { timeoutMs: 60_000 }),

  addDocument: (lesson: string, title: string, file: File, onProgress: (share: number) => void) =>
    sendFile<LessonDocument>(`/api/lessons/${at(lesson)}/documents?title=${encodeURIComponent(title)}&name=${encodeURIComponent(file.name)}`, file, onProgress),
  documentUrl: (lesson: string, document: string) => `/api/lessons/${at(lesson)}/documents/${at(document)}`,
  deleteDocument: (lesson: string, document: string) => request<void>("DELETE", `/api/lessons/${at(lesson)}/documents/${at(document)}`),

  submit: (wish: { lesson: string; clip: string; point: string; fields: Readonly<Record<string, string>>; notes: readonly TeacherNote[] }) =>
    request<Submission>("POST", "/api/submissions", { body: wish, timeoutMs: 60_000 }),
  submissions: () => request<{ submissions: Submission[] }>("GET", "/api/submissions").then((a) => a.submissions),
  submission: (id: string) => request<Submission>("GET", `/api/submissions/${at(id)}`),
  submissionAction: (id: string, action: SubmissionAction) => request<Submission>("POST", `/api/submissions/${at(id)}/${action}`),
};
