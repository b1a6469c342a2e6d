// The appliance as docs/ref/device-api.md describes it, in memory. Tests hold the object and turn its knobs (`sources`, `proven`,
// `holdMarks`, `minutesLeft`, ...) to show the page what a real device cannot be asked to do.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { atDecodeTime, clipFile, fragmentsOf, kSeconds, sourceFile, thumbnailFile, ticksPerFragment } from "./media.mjs";
import { ApiError, Events, MockServer, sendFile } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const catalogue = JSON.parse(readFileSync(join(here, "../../../config/catalogues/ability-points-2.0.json"), "utf8"));
const teachers = [
  { id: "T001", name: "王老师", pin: "135790" }, { id: "T002", name: "李晓梅", pin: "246802" }, { id: "T003", name: "陈建国", pin: "112233" },
  { id: "T004", name: "赵雅琴", pin: "112233" }, { id: "T005", name: "刘思远", pin: "112233" }, { id: "T006", name: "孙美玲", pin: "112233" },
  { id: "T007", name: "周志强", pin: "112233" }, { id: "T008", name: "吴丽华", pin: "112233" }, { id: "T009", name: "郑文博", pin: "112233" },
];

export class MockDevice {
  constructor(root) {
    this.web = new MockServer(root);
    this.events = new Events();
    this.sessions = new Map();
    this.tries = 0;
    this.lessons = [];
    this.submissions = [];
    this.files = new Map();
    this.tiles = ["A5", "A6", "A7", "A8", "A12", "B4"];
    this.running = null;
    this.proven = true;
    this.recorderAway = false;
    this.away = null;          // { state: "private" | "stopping", since_ms, at }
    this.continueMs = 30_000;  // how long a stop can be taken back
    this.fault = null;         // a fault code of the disk
    this.armed = 0;            // how often the page asked for pre-roll; 0: disarmed
    this.deleted = [];
    this.holdMarks = false;
    this.minutesLeft = 900;
    this.synchronised = true;
    this.upload = { state: "ok", queued: 0 };
    this.rates = { packing: 600, sending: 1500, verifying: 800, verdict: 1e9 };
    this.sources = [
      { name: "room", kind: "rtsp", state: "live", detail: "" },
      { name: "board", kind: "rtsp", state: "live", detail: "" },
    ];
    this.addRoutes();
    this.ticker = setInterval(() => this.tick(), 1000);
  }

  async start(port) {
    this.url = await this.web.listen(port);
    return this.url;
  }

  stop() {
    clearInterval(this.ticker);
    return this.web.close();
  }

  tick() {
    if (this.away?.state === "stopping" && performance.now() - this.away.at > this.continueMs) this.finish();
    if (this.running) this.events.send("state", this.state());
    for (const submission of this.submissions) this.advance(submission);
  }

  elapsed() {
    if (this.away?.state === "stopping") return this.away.since_ms;
    return this.running ? Math.round(performance.now() - this.running.began) : 0;
  }

  // What can be played is the mock's footage, so the lesson is as long as that.
  finish() {
    this.lessons.unshift({ ...this.running, state: "finished", duration_ms: kSeconds * 1000, bytes: this.state().lesson.bytes });
    this.running = null;
    this.away = null;
    this.changed();
  }

  tracks() {
    const ms = this.durable();
    const track = (name, codec, more, rate) => ({ name, codec, ...more, durable_ms: ms, bytes: Math.round(ms * rate), fragments: Math.floor(ms / 1000), gaps: 0 });
    return {
      room: [track("room.video", "avc1.64001f", { width: 1280, height: 720, fps: 25 }, 260), track("room.audio", "mp4a.40.2", {}, 12)],
      board: [track("board.video", "avc1.4d401f", { width: 1920, height: 1080, fps: 25 }, 140)],
    };
  }

  durable() {
    return Math.max(0, Math.floor(this.elapsed() / 1000) * 1000 - 1000);
  }

  state() {
    // What shilud says while the recorder is being restarted.
    if (this.recorderAway) return { ...this.lastState, state: "fault", fault: "recorder-away", fault_code: "recorder-away", lesson: null, sources: [] };
    const tracks = this.tracks();
    const sources = this.sources.map((source) => ({ ...source, tracks: source.state === "live" ? tracks[source.name] : [] }));
    const lesson = this.running && {
      id: this.running.id, subject: this.running.subject, class_name: this.running.class_name, topic: this.running.topic, teacher: this.running.teacher.id,
      started_utc: this.running.started_utc, elapsed_ms: this.elapsed(), durable_ms: this.durable(), gaps: 0, marks: this.running.marks.length,
      bytes: sources.flatMap((source) => source.tracks).reduce((sum, track) => sum + track.bytes, 0), durable_lag_ms: 870, recording_proven: this.proven && !this.away && this.durable() > 0,
      planned_ms: this.running.planned_ms ?? null, away_since_ms: this.away?.since_ms ?? null,
      closes_in_ms: this.away?.state === "stopping" ? Math.max(0, Math.round(this.continueMs - (performance.now() - this.away.at))) : null,
    };
    return this.lastState = {
      state: this.fault ? "fault" : this.away?.state ?? (this.running ? "recording" : "idle"), fault: this.fault ? "…" : "", fault_code: this.fault ?? "",
      pre_roll: { armed: this.armed > 0 && !this.running, kept_ms: this.armed > 0 && !this.running ? 30_000 : 0 }, lesson, sources, disk: { free_bytes: 4e11, minutes_left: this.minutesLeft },
      clock: { synchronised: this.synchronised, error_ms: 3 }, upload: this.upload, device: { id: "d-7f3a", name: "高一(3)班教室", version: "0.1.0" },
    };
  }

  changed() {
    this.events.send("state", this.state());
  }

  brief(lesson) {
    const { id, subject, class_name, topic, state, started_utc, duration_ms, bytes } = lesson;
    return { id, subject, class_name, topic, state, started_utc, duration_ms, bytes, gap_count: lesson.gaps.length, mark_count: lesson.marks.filter((mark) => !mark.undone).length };
  }

  // A finished lesson as if recorded yesterday.
  addLesson(more = {}) {
    const lesson = {
      id: `L${20260301 + this.lessons.length}`, teacher: teachers[0], subject: "物理", class_name: "高一(3)班", topic: "牛顿第二定律", state: "finished",
      started_utc: "2026-03-02T01:05:00Z", duration_ms: kSeconds * 1000, bytes: 38_400_000, gaps: [], clips: [], documents: [],
      marks: [
        { id: randomUUID(), point: "A6", at_ms: 14_000, from_ms: 8000, to_ms: 22_000, undone: false },
        { id: randomUUID(), point: "A5", at_ms: 4000, from_ms: 0, to_ms: 9000, undone: false },
        { id: randomUUID(), point: null, at_ms: 33_000, from_ms: 27_000, to_ms: 40_000, undone: false },
      ],
      ...more,
    };
    this.lessons.unshift(lesson);
    return lesson;
  }

  addSubmission(lesson, clip, more = {}) {
    const submission = {
      id: `S${100 + this.submissions.length}`, lesson: lesson.id, clip: clip.id, point: clip.point, state: "packing", reasons: [], package_sha256: "", size_bytes: 0, acked_bytes: 0,
      rate_bytes_per_s: 0, seconds_left: null, attempts: 0, last_error: null, receipt: null, verdict: null, since: performance.now(), ...more,
    };
    this.submissions.unshift(submission);
    return submission;
  }

  advance(submission) {
    const passed = performance.now() - submission.since;
    const to = (state, more) => {
      Object.assign(submission, { state, since: performance.now(), ...more });
      this.events.send("submission", submission);
    };
    if (submission.state === "packing" && passed > this.rates.packing) {
      to("sending", { size_bytes: 24_600_000, package_sha256: createHash("sha256").update(submission.id).digest("hex"), attempts: 1 });
    } else if (submission.state === "sending" && !submission.paused && !submission.held) {
      const share = Math.min(1, passed / this.rates.sending);
      Object.assign(submission, { acked_bytes: Math.round(submission.size_bytes * share), rate_bytes_per_s: 3_200_000, seconds_left: Math.ceil(((1 - share) * submission.size_bytes) / 3_200_000) });
      if (share === 1) to("verifying", {});
      else this.events.send("submission", submission);
    } else if (submission.state === "verifying" && passed > this.rates.verifying) {
      to("acknowledged", { receipt: { number: "SL-2026-000173", received_utc: new Date().toISOString() } });
    } else if (submission.state === "acknowledged" && !submission.verdict && passed > this.rates.verdict) {
      to("acknowledged", { verdict: this.verdict(submission) });
    }
  }

  verdict(submission) {
    const point = catalogue.points.find((one) => one.code === submission.point);
    return {
      level: "合格", decided_utc: new Date().toISOString(), pieces: point.evidence.map((piece, i) => ({ title: piece.title, level: i === 0 ? "优秀" : "合格" })),
      reasons: [
        { piece: point.evidence[1].title, at_ms: 3200, source: "room", text: "用实物演示引出加速度的概念，讲解清楚，学生参与度高。" },
        { piece: point.evidence[1].title, at_ms: 9400, source: "board", text: "图像对比直观；建议在此处停留更久，让学生自己说出规律。" },
        { piece: point.evidence[2].title, at_ms: 0, source: "room", text: "反思能对照课堂片段，改进措施具体。" },
      ],
    };
  }

  me({ request }) {
    const token = /shilu_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const teacher = this.sessions.get(token);
    if (!teacher) throw new ApiError(401, "sign-in-needed");
    return { id: teacher.id, name: teacher.name };
  }

  mine(call) {
    const me = this.me(call);
    const lesson = this.lessons.find((one) => one.id === call.params.lesson && one.teacher.id === me.id) ?? (this.running?.id === call.params.lesson && this.running.teacher.id === me.id ? this.running : null);
    if (!lesson) throw new ApiError(404, "not-found");
    return lesson;
  }

  addRoutes() {
    const on = (method, pattern, handler) => this.web.route(method, pattern, handler);
    on("GET", "/api/teachers", () => ({ teachers: teachers.map(({ id, name }) => ({ id, name })) }));
    on("POST", "/api/session", ({ json, answer }) => {
      const teacher = teachers.find((one) => one.id === json.teacher);
      if (this.tries >= 5) throw new ApiError(429, "wait", "wait", { headers: { "Retry-After": "30" } });
      if (teacher?.pin !== json.pin) throw (this.tries++, new ApiError(403, "wrong-pin"));
      this.tries = 0;
      const token = randomUUID();
      this.sessions.set(token, teacher);
      answer.setHeader("Set-Cookie", `shilu_session=${token}; HttpOnly; SameSite=Strict; Path=/`);
      return { token, teacher: { id: teacher.id, name: teacher.name }, expires_utc: new Date(Date.now() + 4e7).toISOString() };
    });
    on("GET", "/api/session", (call) => ({ teacher: this.me(call) }));
    on("DELETE", "/api/session", ({ request, answer }) => {
      this.sessions.delete(/shilu_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
      answer.writeHead(204, { "Set-Cookie": "shilu_session=; Max-Age=0; Path=/" }).end();
    });
    on("GET", "/api/state", () => this.state());
    on("GET", "/api/events", ({ answer }) => {
      this.events.add(answer);
      this.events.send("state", this.state(), answer);
    });
    on("GET", "/api/catalogue", () => catalogue);
    on("GET", "/api/tiles", (call) => (this.me(call), { tiles: this.tiles }));
    on("PUT", "/api/tiles", (call) => (this.me(call), (this.tiles = call.json.tiles), { tiles: this.tiles }));
    on("GET", "/api/doctor", () => ({ checks: [] }));
    this.recordingRoutes(on);
    this.lessonRoutes(on);
    this.submissionRoutes(on);
    this.web.websocket("/api/preview/{track}", (track, socket) => this.preview(track, socket));
  }

  recordingRoutes(on) {
    on("POST", "/api/recording", (call) => {
      const teacher = this.me(call);
      if (this.running) throw new ApiError(409, "already-recording");
      if (!this.sources.some((source) => source.state === "live")) throw new ApiError(503, "no-picture-source");
      this.running = { id: `L${Date.now()}`, teacher, subject: "", class_name: "", topic: "", ...call.json, state: "recording", began: performance.now(), started_utc: new Date().toISOString(), marks: [], gaps: [], clips: [], documents: [], bytes: 0, duration_ms: 0 };
      this.changed();
      return { status: 201, body: { lesson_id: this.running.id } };
    });
    on("DELETE", "/api/recording", (call) => {
      this.me(call);
      if (!this.running) throw new ApiError(409, "not-recording");
      const { id } = this.running;
      if (call.query.get("for_now") === "1") {
        this.away ??= { state: "stopping", since_ms: this.elapsed(), at: performance.now() };
        this.changed();
        return { lesson_id: id, duration_ms: this.elapsed() };
      }
      this.finish();
      return { lesson_id: id, duration_ms: this.lessons[0].duration_ms };
    });
    const done = (call) => {
      this.changed();
      call.answer.writeHead(204).end();
    };
    on("POST", "/api/recording/pause", (call) => {
      this.me(call);
      if (!this.running) throw new ApiError(409, "not-recording");
      this.away ??= { state: "private", since_ms: this.elapsed(), at: performance.now() };
      done(call);
    });
    on("POST", "/api/recording/resume", (call) => {
      this.me(call);
      if (!this.away) throw new ApiError(409, "nothing-to-continue");
      if (this.away.state === "stopping") this.running.began += performance.now() - this.away.at;
      this.away = null;
      done(call);
    });
    on("POST", "/api/recording/extend", (call) => {
      this.me(call);
      this.running.planned_ms = Math.max(this.running.planned_ms ?? 0, this.elapsed()) + call.json.by_ms;
      this.changed();
      return { planned_ms: this.running.planned_ms };
    });
    on("POST", "/api/recording/delete-last", (call) => {
      this.me(call);
      this.deleted.push(call.json.last_ms);
      done(call);
    });
    on("PUT", "/api/armed", (call) => {
      this.me(call);
      this.armed++;
      done(call);
    });
    on("DELETE", "/api/armed", (call) => {
      this.me(call);
      this.armed = 0;
      done(call);
    });
    on("POST", "/api/recording/marks", async (call) => {
      this.me(call);
      while (this.holdMarks) await new Promise((resolve) => setTimeout(resolve, 50));
      if (this.recorderAway) throw new ApiError(503, "recorder-away");
      if (!this.running) throw new ApiError(409, "not-recording");
      if (this.away) throw new ApiError(409, this.away.state === "private" ? "private" : "not-recording");
      const { id, point, tapped_ago_ms, look_back_ms, look_ahead_ms } = call.json;
      const known = this.running.marks.find((mark) => mark.id === id);
      if (known) return known;
      const at_ms = this.elapsed() - tapped_ago_ms;
      const mark = { id, point, at_ms, from_ms: at_ms - look_back_ms, to_ms: at_ms + look_ahead_ms, undone: false };
      this.running.marks.push(mark);
      this.events.send("marks", this.running.marks);
      this.changed();
      return { status: 201, body: mark };
    });
    on("DELETE", "/api/recording/marks/{mark}", (call) => {
      this.me(call);
      const mark = this.running?.marks.find((one) => one.id === call.params.mark);
      if (!mark) throw new ApiError(404, "not-found");
      mark.undone = true;
      this.events.send("marks", this.running.marks);
      call.answer.writeHead(204).end();
    });
  }

  preview(track, socket) {
    const { mime, header, fragments } = fragmentsOf(track.split(".")[0]);
    const step = ticksPerFragment(fragments);
    let sent = 0;
    socket.text(JSON.stringify({ mime }));
    socket.binary(header);
    const send = () => {
      // As on the device, the time base stands 120 s into the track's time.
      if (this.running && this.sources.find((source) => track.startsWith(source.name))?.state === "live") socket.binary(atDecodeTime(fragments[sent % fragments.length], 120 * step + sent++ * step));
    };
    send();
    const timer = setInterval(send, 1000);
    socket.onClose(() => clearInterval(timer));
  }

  lessonRoutes(on) {
    const find = (list, id) => list.find((one) => one.id === id) ?? (() => { throw new ApiError(404, "not-found"); })();
    const clipOf = (clip) => ({ ...clip, duration_ms: clip.to_ms - clip.from_ms });
    on("GET", "/api/lessons", (call) => {
      const me = this.me(call);
      return { lessons: this.lessons.filter((lesson) => lesson.teacher.id === me.id).map((lesson) => this.brief(lesson)) };
    });
    on("GET", "/api/lessons/{lesson}", (call) => {
      const lesson = this.mine(call);
      return { ...this.brief(lesson), tracks: [...this.tracks().room, ...this.tracks().board], marks: lesson.marks, gaps: lesson.gaps, parts: lesson.parts ?? {}, clips: lesson.clips.map(clipOf), documents: lesson.documents };
    });
    on("GET", "/api/lessons/{lesson}/media/{source}.mp4", (call) => {
      const part = this.mine(call).parts?.[call.params.source]?.[Number(call.query.get("part") ?? 1) - 1];
      sendFile(call.request, call.answer, part ? clipFile(call.params.source, part.from_ms, part.to_ms) : sourceFile[call.params.source]());
    });
    on("GET", "/api/lessons/{lesson}/thumbnail.jpg", (call) => (this.mine(call), void sendFile(call.request, call.answer, thumbnailFile(Number(call.query.get("at_ms"))), { "Cache-Control": "max-age=600" })));
    const checked = (lesson, clip) => {
      if (!(clip.from_ms >= 0 && clip.to_ms > clip.from_ms && clip.to_ms <= lesson.duration_ms)) throw new ApiError(400, "bad-range");
      if (!catalogue.points.some((point) => point.code === clip.point)) throw new ApiError(400, "unknown-point");
      return clip;
    };
    on("POST", "/api/lessons/{lesson}/clips", (call) => {
      const lesson = this.mine(call);
      const clip = checked(lesson, { id: `C${lesson.clips.length + 1}`, ...call.json });
      lesson.clips.push(clip);
      return { status: 201, body: clipOf(clip) };
    });
    on("PATCH", "/api/lessons/{lesson}/clips/{clip}", (call) => {
      const lesson = this.mine(call);
      const clip = find(lesson.clips, call.params.clip);
      checked(lesson, { ...clip, ...call.json });
      return clipOf(Object.assign(clip, call.json));
    });
    on("DELETE", "/api/lessons/{lesson}/clips/{clip}", (call) => {
      const lesson = this.mine(call);
      lesson.clips = lesson.clips.filter((clip) => clip.id !== call.params.clip);
      call.answer.writeHead(204).end();
    });
    on("POST", "/api/lessons/{lesson}/deletions", (call) => {
      const lesson = this.mine(call);
      const { from_ms, to_ms } = call.json;
      if (this.submissions.some((one) => one.lesson === lesson.id)) throw new ApiError(409, "submitted");
      this.deleted.push([from_ms, to_ms]);
      lesson.gaps = [...lesson.gaps, ...this.tracks().room.map((track) => ({ track: track.name, from_ms, to_ms, reason: "redacted" }))];
      call.answer.writeHead(204).end();
    });
    on("GET", "/api/lessons/{lesson}/clips/{clip}/media/{source}.mp4", (call) => {
      const clip = find(this.mine(call).clips, call.params.clip);
      sendFile(call.request, call.answer, clipFile(call.params.source, clip.from_ms, clip.to_ms));
    });
    on("GET", "/api/lessons/{lesson}/clips/{clip}/check", (call) => this.check(this.mine(call), call.params.clip));
    on("POST", "/api/lessons/{lesson}/documents", (call) => {
      const lesson = this.mine(call);
      const name = call.query.get("name");
      const isPdf = call.body.subarray(0, 5).toString() === "%PDF-";
      if (name.endsWith(".pdf") && !isPdf) throw new ApiError(415, "not-a-pdf");
      const document = { id: `D${this.files.size + 1}`, title: call.query.get("title"), name, media_type: isPdf ? "application/pdf" : "application/octet-stream", size_bytes: call.body.length, sha256: createHash("sha256").update(call.body).digest("hex") };
      this.files.set(document.id, call.body);
      lesson.documents.push(document);
      return { status: 201, body: document };
    });
    on("GET", "/api/lessons/{lesson}/documents/{document}", (call) => {
      const document = find(this.mine(call).documents, call.params.document);
      call.answer.writeHead(200, { "Content-Type": document.media_type }).end(this.files.get(document.id));
    });
    on("DELETE", "/api/lessons/{lesson}/documents/{document}", (call) => {
      const lesson = this.mine(call);
      lesson.documents = lesson.documents.filter((one) => one.id !== call.params.document);
      call.answer.writeHead(204).end();
    });
  }

  check(lesson, clipId) {
    const clip = lesson.clips.find((one) => one.id === clipId);
    const point = catalogue.points.find((one) => one.code === clip.point);
    const items = point.evidence.map((piece) => {
      if (piece.kind === "video") {
        const long = piece.max_minutes && clip.to_ms - clip.from_ms > piece.max_minutes * 60_000;
        return { piece: piece.title, status: long ? "missing" : "done", text_key: long ? "clip-too-long" : "clip-ok", detail: long ? "片段超过时长上限。" : "片段在时长之内。" };
      }
      const here = lesson.documents.some((document) => document.title === piece.title);
      return { piece: piece.title, status: here ? "done" : "missing", text_key: here ? "document-ok" : "document-missing", detail: here ? "文件已收到。" : "还没有这份文件。" };
    });
    return { items, can_submit: items.every((item) => item.status !== "missing") };
  }

  submissionRoutes(on) {
    const mine = (call) => {
      const me = this.me(call);
      return this.submissions.filter((one) => this.lessons.some((lesson) => lesson.id === one.lesson && lesson.teacher.id === me.id));
    };
    const one = (call) => mine(call).find((submission) => submission.id === call.params.id) ?? (() => { throw new ApiError(404, "not-found"); })();
    on("POST", "/api/submissions", (call) => {
      const lesson = this.mine({ ...call, params: { lesson: call.json.lesson } });
      const check = this.check(lesson, call.json.clip);
      if (!check.can_submit) throw new ApiError(422, "not-complete", "not complete", { items: check.items });
      this.fields = call.json.fields;
      this.notes = call.json.notes;
      return { status: 202, body: this.addSubmission(lesson, lesson.clips.find((clip) => clip.id === call.json.clip)) };
    });
    on("GET", "/api/submissions", (call) => ({ submissions: mine(call) }));
    on("GET", "/api/submissions/{id}", one);
    const steps = { pause: { paused: true }, resume: { paused: false }, "send-now": { paused: false, state: "sending" }, withdraw: { paused: false, state: "withdrawn" } };
    for (const [action, step] of Object.entries(steps)) {
      on("POST", `/api/submissions/{id}/${action}`, (call) => Object.assign(one(call), step, { since: performance.now() }));
    }
  }
}
