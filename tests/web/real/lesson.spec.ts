// One whole lesson through the pages of the real appliance and the real platform: everything that a teacher and two assessors do.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "@playwright/test";
import { expectTogether } from "../angles";
import { texts } from "../fixtures";
import { expect, test, watch, type Account, type Demo } from "./demo";
import { decodeAround, mostAlike, seekAndPaint } from "./frames";

const t = texts("teacher", "zh-CN");
const d = texts("design", "zh-CN");
const documents = join(import.meta.dirname, "../../data/documents");
const kLessonSeconds = 20;
const kNote = "此处用面积拼图引出勾股定理";

async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, "../test-results/shots", `real-${name}.png`) });
}

const seconds = (page: Page, id: string): Promise<number> => page.getByTestId(id).evaluate((v: HTMLVideoElement) => v.currentTime);

async function signIn(page: Page, told: Demo): Promise<void> {
  const [teacher] = told.teachers;
  if (!teacher) throw new Error("the demonstration names no teacher");
  await page.goto(told.device_url);
  await page.getByTestId(`name-${teacher.id}`).click();
  await page.getByTestId("pin").fill(teacher.pin);
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("menu")).toHaveAccessibleName(new RegExp(teacher.name));
}

// Marks a point by its tile, or from the list of all.
async function mark(page: Page, code: string): Promise<void> {
  const before = await page.getByTestId("marks").getByRole("listitem").count();
  if (await page.getByTestId(`tile-${code}`).count()) {
    await page.getByTestId(`tile-${code}`).click();
    await expect(page.getByTestId(`tile-${code}`)).toHaveAttribute("data-lit", "true", { timeout: 15_000 });
    await expect(page.getByTestId(`tile-${code}`)).toContainText(/[45]\d/); // the seconds that it still runs
  } else {
    await page.getByTestId("all-points").click();
    await page.getByTestId(`point-${code}`).getByRole("button", { name: new RegExp(`${t["points.mark"] ?? "?"} ${code}`) }).click();
  }
  await expect(page.getByTestId("marks").getByRole("listitem")).toHaveCount(before + 1, { timeout: 15_000 });
}

async function timerSeconds(page: Page): Promise<number> {
  const [m = "0", s = "0"] = ((await page.getByTestId("timer").textContent()) ?? "").split(":");
  return Number(m) * 60 + Number(s);
}

async function record(page: Page): Promise<string> {
  await expect(page.getByTestId("lamp-picture")).not.toHaveAttribute("data-tone", "block", { timeout: 60_000 });
  await page.getByLabel(t["field.class"] ?? "?").fill("八年级(2)班");
  await page.getByLabel(t["field.subject"] ?? "?").fill("数学");
  await page.getByLabel(t["field.topic"] ?? "?").fill("勾股定理的探索");
  await shot(page, "01-home");
  await page.getByTestId("start").click();
  await expect(page.locator("html")).toHaveAttribute("data-recording", "recording", { timeout: 30_000 });
  await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
  await expect(page).toHaveTitle(/^● \d\d:\d\d /);

  await expect.poll(() => page.getByTestId("live-video").evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
  const began = await seconds(page, "live-video");
  await expect.poll(() => seconds(page, "live-video"), { timeout: 20_000 }).toBeGreaterThan(began + 3);
  const bytes = await page.getByTestId("bytes").textContent();
  await expect(page.getByTestId("bytes")).not.toHaveText(bytes ?? "");

  await mark(page, "A6");
  await mark(page, "A5");
  await shot(page, "02-recording");
  await page.getByRole("group", { name: t["live.switch"] ?? "?" }).getByRole("button").nth(1).click();
  await expect.poll(() => page.getByTestId("live-video").evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
  await shot(page, "03-live-board");
  await expect.poll(() => timerSeconds(page), { timeout: 90_000 }).toBeGreaterThanOrEqual(kLessonSeconds);

  const stop = await page.getByTestId("stop").boundingBox();
  if (!stop) throw new Error("no stop button");
  await page.mouse.move(stop.x + stop.width / 2, stop.y + stop.height / 2);
  await page.mouse.down();
  await expect(page.getByTestId("stopped")).toBeVisible({ timeout: 60_000 });
  await page.mouse.up();
  await page.getByTestId("finish").click();
  await page.waitForURL(/\/lessons\/[^/]+$/, { timeout: 60_000 });
  return decodeURIComponent(new URL(page.url()).pathname.split("/")[2] ?? "");
}

async function playBoth(page: Page): Promise<void> {
  for (const source of ["room", "board"]) await expect.poll(() => page.getByTestId(`video-${source}`).evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  await shot(page, "04-lesson");
  await expectTogether(page, async () => {
    await page.getByTestId("timeline").getByRole("slider").press("Home");
    if (await page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.paused)) await page.getByTestId("play").click();
    await expect.poll(() => seconds(page, "video-room"), { timeout: 20_000 }).toBeGreaterThan(1);
  });
  await page.getByTestId("play").click();
}

// The frame that is painted after a seek is the frame that ffmpeg finds at that time in the same file.
async function seekExactly(page: Page, told: Demo, lesson: string): Promise<void> {
  for (const source of ["board", "room"]) {
    const answer = await page.request.get(`${told.device_url}/api/lessons/${encodeURIComponent(lesson)}/media/${source}.mp4`);
    expect(answer.ok()).toBe(true);
    const file = test.info().outputPath(`${source}.mp4`);
    writeFileSync(file, await answer.body());
    for (const at of [3.02, 9.62, 6.3]) {
      const painted = await seekAndPaint(page.getByTestId(`video-${source}`), at);
      expect(Math.abs(painted.seconds - at), `${source} at ${at} s`).toBeLessThan(0.15);
      const found = mostAlike(painted, decodeAround(file, painted.seconds));
      expect(Math.abs(found.seconds - painted.seconds), `${source}: painted ${painted.seconds} s, looks like ${found.seconds} s`).toBeLessThan(0.005);
    }
  }
}

async function makeClip(page: Page): Promise<void> {
  await page.getByTestId("draft-marks").getByRole("listitem").filter({ hasText: "A6" }).getByRole("button").last().click();
  await page.waitForURL(/\/clips\//);
  const before = await page.getByTestId("start-time").textContent();
  await page.getByRole("button", { name: (t["trim.later"] ?? "?").replace("{name}", t["trim.start"] ?? "?") }).click();
  await expect(page.getByTestId("start-time")).not.toHaveText(before ?? "");
  const end = await page.getByTestId("trim-end").boundingBox();
  if (!end) throw new Error("no handle");
  const y = end.y + end.height / 2;
  await page.mouse.move(end.x + end.width / 2, y);
  await page.mouse.down();
  await page.mouse.move(end.x + end.width / 2 - 80, y, { steps: 6 });
  await page.mouse.up();
  await expect(page.getByTestId("clip-saved")).toHaveText(t["saving.saved"] ?? "?", { timeout: 15_000 });
  await page.getByTestId("play-clip").click();
  const from = await seconds(page, "video-room");
  await expect.poll(() => seconds(page, "video-room"), { timeout: 20_000 }).toBeGreaterThan(from + 1);
  await shot(page, "05-clip");
}

async function addPapersAndSubmit(page: Page): Promise<void> {
  await page.getByTestId("step-papers").click();
  const slots = page.getByTestId("materials").locator("input[type=file]");
  const count = await slots.count();
  expect(count).toBeGreaterThan(0);
  await slots.first().setInputFiles({ name: "教学设计.pdf", mimeType: "application/pdf", buffer: Buffer.from("this is no PDF") });
  await expect(page.getByTestId("materials").getByTestId("problem")).toContainText(d["problem.not-a-pdf"] ?? "?");
  for (let i = 0; i < count; i++) {
    await slots.nth(i).setInputFiles(join(documents, i === 0 ? "lesson-plan.pdf" : "reflection.pdf"));
    await expect(page.getByTestId("materials").getByRole("link")).toHaveCount(i + 1, { timeout: 15_000 });
  }
  await shot(page, "06-papers");
  await page.getByTestId("step-submit").click();
  await page.getByLabel(t["fields.教学重点"] ?? "?").fill("三边之间的数量关系");
  await page.getByLabel(t["fields.教学难点"] ?? "?").fill("面积拼图与代数式的对应");
  await page.getByTestId("add-note").click();
  await page.getByTestId("notes").getByRole("textbox").fill(kNote);
  await expect(page.getByTestId("submit")).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByTestId("check-missing")).toHaveCount(0);
  await shot(page, "07-check");
  await page.getByTestId("submit").click();
  await page.waitForURL(/\/submissions\//, { timeout: 60_000 });
  await expect(page.getByTestId("receipt-number")).toHaveText(/\S+/, { timeout: 120_000 });
  await shot(page, "08-receipt");
}

async function judge(browser: Browser, told: Demo, who: Account): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN" });
  const page = await context.newPage();
  const seen = watch(page, told.platform_url);
  await page.goto(told.platform_url);
  await page.getByTestId("assessor").fill(who.id);
  await page.getByTestId("pin").fill(who.pin);
  const signedIn = page.waitForResponse((r) => r.url().endsWith("/api/v1/session") && r.request().method() === "POST");
  await page.getByTestId("sign-in").click();
  await signedIn; // a reload before that would drop the request
  const queue = page.getByTestId("queue").getByRole("link");
  await expect(async () => {
    await page.reload();
    await expect(queue.first()).toBeVisible({ timeout: 3000 });
  }).toPass({ timeout: 30_000 });
  await shot(page, `09-queue-${who.id}`);
  await queue.first().click();

  await expect.poll(() => page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  await page.keyboard.press("l");
  await expect.poll(() => seconds(page, "video-room"), { timeout: 20_000 }).toBeGreaterThan(1.5);
  await page.keyboard.press("c");
  await page.keyboard.type("演示与讲解配合得好");
  await expect.poll(() => page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.paused)).toBe(true);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("comments").getByRole("listitem")).toHaveCount(1);
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("k");

  await expect(page.getByTestId("proof-seal")).toHaveAttribute("data-tone", "good");
  await expect(page.getByTestId("proof-contents")).toHaveAttribute("data-tone", "good");
  await expect(page.getByTestId("proof-recording").first()).toHaveAttribute("data-tone", "good");
  const teacher = told.teachers[0]?.name ?? "";
  await expect(page.locator("main")).not.toContainText(teacher);

  await page.getByTestId("document-1").click();
  await expect(page.getByTestId("paper")).toBeVisible();
  await page.waitForTimeout(1000);
  await shot(page, `10-paper-${who.id}`);
  await page.locator(".papers button").first().click();

  const pieces = page.locator(".rubric-piece");
  for (let i = 0; i < (await pieces.count()); i++) {
    await pieces.nth(i).getByTestId("level-1").click();
    await pieces.nth(i).getByTestId("cite").click();
    await pieces.nth(i).getByRole("textbox").fill("材料完整，目标清楚。");
  }
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "saved", { timeout: 15_000 });
  await expect(page.getByTestId("teacher-notes")).toContainText(kNote);
  await shot(page, `11-review-${who.id}`);
  await page.getByTestId("hand-in").click();
  await page.getByTestId("hand-in-yes").click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByTestId("piece-problem")).toHaveCount(0);
  await expect(page).not.toHaveURL(/\/review\/[^/]+$/, { timeout: 15_000 }).catch(() => undefined);
  await page.goto(told.platform_url);
  await expect(page.getByTestId("queue-done").getByRole("listitem").first()).toBeVisible();
  expect(seen).toEqual({ foreign: [], errors: [] });
  await context.close();
}

test("one lesson through the real pages: recorded, cut, submitted, judged by two, verdict seen", async ({ page, browser, demo: told }) => {
  test.setTimeout(600_000);
  const seen = watch(page, told.device_url);
  await test.step("sign in", () => signIn(page, told));
  const lesson = await test.step("record with two marks", () => record(page));
  await test.step("play both angles", () => playBoth(page));
  await test.step("seek: the very frame", () => seekExactly(page, told, lesson));
  await test.step("make and trim a clip", () => makeClip(page));
  await test.step("add documents and submit", () => addPapersAndSubmit(page));
  for (const who of told.assessors.slice(0, 2)) await test.step(`assessor ${who.id} judges`, () => judge(browser, told, who));
  await test.step("the verdict is on the teacher's page", async () => {
    await expect(page.getByTestId("verdict-level")).toHaveText(d["level.优秀"] ?? "?", { timeout: 90_000 });
    await expect.poll(() => page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 30_000 }).toBeGreaterThanOrEqual(1);
    await page.getByTestId("reasons").getByRole("button").last().click();
    await shot(page, "12-verdict");
  });
  expect(seen).toEqual({ foreign: [], errors: [] });
});

test("a lesson of someone else cannot be found", async ({ page, demo: told }) => {
  test.skip(told.teachers.length < 2, "the demonstration has one teacher only");
  const [first, second] = told.teachers;
  await signIn(page, told);
  const { lessons } = (await (await page.request.get(`${told.device_url}/api/lessons`)).json()) as { lessons: { id: string }[] };
  test.skip(lessons.length === 0, `${first?.name ?? ""} has no lesson yet`);
  await page.getByTestId("menu").click();
  await page.getByTestId("sign-out").click();
  await page.getByTestId(`name-${second?.id ?? ""}`).click();
  await page.getByTestId("pin").fill(second?.pin ?? "");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("menu")).toHaveAccessibleName(new RegExp(second?.name ?? "?"));
  await page.goto(`${told.device_url}/lessons/${lessons[0]?.id ?? ""}`);
  await expect(page.getByTestId("problem")).toContainText(d["problem.not-found"] ?? "?");
});

