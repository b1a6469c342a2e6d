// The platform as docs/ref/platform-api.md describes it, in memory: sign-in, queue, review, draft, hand-in.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { clipFile } from "./media.mjs";
import { ApiError, MockServer, sendFile } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const catalogue = JSON.parse(readFileSync(join(here, "../../../config/catalogues/ability-points-2.0.json"), "utf8"));
const documents = join(here, "../../data/documents");
const assessors = [{ id: "E01", name: "评审一", pin: "246801" }, { id: "E02", name: "评审二", pin: "246802" }];

const proof = [
  ["structure", "intact"], ["contents", "intact"], ["seal", "valid"], ["device", "known"], ["recording", "signed"], ["continuity", "whole-with-declared-gaps"],
  ["clock", "unsynchronised", "error unknown"], ["identity", "withheld"], ["receipt", "valid"],
].map(([fact, value, detail = ""]) => ({ fact, value, text_key: `${fact}.${value}`, detail }));

export class MockPlatform {
  constructor(root) {
    this.web = new MockServer(root);
    this.sessions = new Map();
    this.reviews = new Map();
    this.drafts = new Map();
    this.handed = new Map();
    this.saves = 0;
    this.documentHeaders = {};
    this.addRoutes();
  }

  async start(port) {
    this.url = await this.web.listen(port);
    return this.url;
  }

  stop() {
    return this.web.close();
  }

  addReview(code = "A6", more = {}) {
    const point = catalogue.points.find((one) => one.code === code);
    const id = `r${this.reviews.size + 1}`;
    this.reviews.set(id, {
      id, point, programme: "cn-moe-2.0", fields: { 主题: "牛顿第二定律", 学科: "物理", 教学对象: "高一学生", 教学重点: "加速度与力、质量的关系", 教学难点: "控制变量法" },
      clips: [{ index: 1, sources: ["room", "board"], duration_ms: 20_000, gaps: [{ track: "board.video", from_ms: 16_000, to_ms: 16_800, reason: "source-lost" }] }],
      documents: [{ index: 1, title: "教学设计", media_type: "application/pdf", size_bytes: 48_213 }, { index: 2, title: "教学反思", media_type: "application/pdf", size_bytes: 20_411 }],
      marks: [{ at_ms: 6000, from_ms: 0, to_ms: 12_000, point: code }], pieces: point.evidence.map(({ title, kind, status, note }) => ({ title, kind, status, note })),
      levels: catalogue.levels, proof, received_utc: "2026-03-02T06:12:00Z", third: false, ...more,
    });
    return id;
  }

  me({ request }) {
    const found = this.sessions.get(/shilu_platform_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
    if (!found) throw new ApiError(401, "sign-in-needed");
    return found;
  }

  one(call) {
    const me = this.me(call);
    const review = this.reviews.get(call.params.id);
    if (!review) throw new ApiError(404, "not-found");
    return { review, key: `${me.id}/${review.id}` };
  }

  stateOf(me, id) {
    return this.handed.has(`${me.id}/${id}`) ? "done" : this.drafts.has(`${me.id}/${id}`) ? "draft" : "new";
  }

  versionOf(key) {
    return createHash("sha256").update(JSON.stringify(this.drafts.get(key) ?? {})).digest("hex").slice(0, 16);
  }

  checkBase(key, based_on) {
    if (based_on !== undefined && based_on !== this.versionOf(key)) throw new ApiError(412, "draft-changed");
  }

  addRoutes() {
    const on = (method, pattern, handler) => this.web.route(method, pattern, handler);
    on("POST", "/api/v1/session", ({ json, answer }) => {
      const found = assessors.find((one) => one.id === json.assessor && one.pin === json.pin);
      if (!found) throw new ApiError(403, "wrong-pin");
      const token = randomUUID();
      this.sessions.set(token, found);
      answer.setHeader("Set-Cookie", `shilu_platform_session=${token}; HttpOnly; SameSite=Strict; Path=/`);
      return { token, assessor: { id: found.id, name: found.name } };
    });
    on("GET", "/api/v1/session", (call) => {
      const { id, name } = this.me(call);
      return { assessor: { id, name } };
    });
    on("DELETE", "/api/v1/session", ({ answer }) => void answer.writeHead(204, { "Set-Cookie": "shilu_platform_session=; Max-Age=0; Path=/" }).end());
    on("GET", "/api/v1/review/queue", (call) => {
      const me = this.me(call);
      const items = [...this.reviews.values()].map((review) => ({
        id: review.id, point: review.point.code, point_name: review.point.name, programme: review.programme, received_utc: review.received_utc,
        duration_ms: review.clips[0].duration_ms, state: this.stateOf(me, review.id), third: review.third,
      }));
      return { items };
    });
    on("GET", "/api/v1/review/{id}", (call) => {
      const { review, key } = this.one(call);
      return { state: this.stateOf(this.me(call), review.id), ...review, draft: this.drafts.get(key) ?? {}, draft_version: this.versionOf(key) };
    });
    on("GET", "/api/v1/review/{id}/clips/{index}/{source}.mp4", (call) => {
      const { review } = this.one(call);
      sendFile(call.request, call.answer, clipFile(call.params.source, 0, review.clips[0].duration_ms));
    });
    on("GET", "/api/v1/review/{id}/documents/{index}", (call) => {
      this.one(call);
      sendFile(call.request, call.answer, join(documents, call.params.index === "1" ? "lesson-plan.pdf" : "reflection.pdf"), { "Content-Disposition": "inline", ...this.documentHeaders });
    });
    on("PUT", "/api/v1/review/{id}/draft", (call) => {
      const { key } = this.one(call);
      const { based_on, ...sheet } = call.json;
      this.checkBase(key, based_on);
      this.saves++;
      this.drafts.set(key, sheet);
      return { draft_version: this.versionOf(key) };
    });
    on("POST", "/api/v1/review/{id}/hand-in", (call) => {
      const { review, key } = this.one(call);
      const { based_on, ...sheet } = call.json;
      this.checkBase(key, based_on);
      for (const { title } of review.pieces) {
        const piece = call.json.pieces.find((one) => one.title === title);
        if (!piece?.level) throw new ApiError(422, "piece-without-level", `"${title}" has no level.`);
        if (piece.moments.length === 0) throw new ApiError(422, "level-without-moment", `"${title}" cites no moment.`);
      }
      this.handed.set(key, sheet);
      call.answer.writeHead(204).end();
    });
  }
}
