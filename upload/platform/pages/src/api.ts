// The platform's calls for assessors, one line each (docs/ref/platform-api.md).
import { request } from "@design/http";
import type { Assessor, Judgement, QueueItem, Review } from "./types";

const at = encodeURIComponent;

export const api = {
  signIn: (assessor: string, pin: string) => request<{ assessor: Assessor }>("POST", "/api/v1/session", { body: { assessor, pin } }).then((a) => a.assessor),
  session: () => request<{ assessor: Assessor }>("GET", "/api/v1/session", { quiet: true }).then((a) => a.assessor),
  signOut: () => request<void>("DELETE", "/api/v1/session", { quiet: true }),
  queue: () => request<{ items: QueueItem[] }>("GET", "/api/v1/review/queue").then((a) => a.items),
  review: (id: string) => request<Review>("GET", `/api/v1/review/${at(id)}`),
  clipMedia: (id: string, index: number, source: string, part = 1) => `/api/v1/review/${at(id)}/clips/${index}/${at(source)}.mp4${part === 1 ? "" : `?part=${part}`}`,
  documentUrl: (id: string, index: number) => `/api/v1/review/${at(id)}/documents/${index}`,
  // `leaving`: it goes out although the page is being closed.
  saveDraft: (id: string, judgement: Judgement, basedOn: string, leaving = false) => request<{ draft_version: string }>("PUT", `/api/v1/review/${at(id)}/draft`, { body: { ...judgement, based_on: basedOn }, keepalive: leaving }).then((a) => a.draft_version),
  handIn: (id: string, judgement: Judgement, basedOn: string) => request<void>("POST", `/api/v1/review/${at(id)}/hand-in`, { body: { ...judgement, based_on: basedOn }, timeoutMs: 30_000 }),
};
