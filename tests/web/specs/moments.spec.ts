// Before, beside and behind the recording: pre-roll, private moments, a stop that is taken back, deletions, more time. In each the
// page says in words and in amber what is and what is not being recorded.
import { expect, expectGood, signInTeacher, startLesson, test, texts } from "../fixtures";

const t = texts("teacher", "zh-CN");
const d = texts("design", "zh-CN");
const kAmber = "rgb(227, 154, 18)";

test("the start card arms the device while it is before somebody, and says so", async ({ page, device }) => {
  await signInTeacher(page, device);
  await expect(page.getByTestId("armed")).toHaveText(t["start.armed"] ?? "?");
  expect(device.armed).toBeGreaterThan(0);
  await page.getByRole("link", { name: t["nav.lessons"] ?? "?" }).click();
  await expect.poll(() => device.armed).toBe(0);
});

test("a private moment: amber, in words, no picture, no tiles, and back again", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("private").click();
  await expect(page.getByTestId("private-moment")).toContainText(t["private.word"] ?? "?");
  await expect(page.getByTestId("status-word")).toHaveText(t["status.private"] ?? "?");
  await expect(page.locator("html")).toHaveAttribute("data-recording", "private");
  await expect(page.locator(".rec-frame")).toHaveCSS("border-top-color", kAmber);
  await expect(page.getByTestId("live")).toHaveCount(0);
  await expect(page.getByTestId("tile-A6")).toHaveCount(0);
  await expectGood(page, "30-private");
  await page.getByTestId("resume").click();
  await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
  await expect(page.getByTestId("tile-A6")).toBeVisible();
});

test("a mark that reaches the device in a private moment is refused with a sentence", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  // Another page of the teacher began it; this one has not heard yet.
  device.events.send = () => undefined;
  device.away = { state: "private", since_ms: device.elapsed(), at: performance.now() };
  await page.getByTestId("tile-A6").click();
  await expect(page.getByText(t["marks.refused"] ?? "?").first()).toBeVisible();
});

test("a stop can be taken back, and says for how long", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("stop").click();
  await page.getByTestId("stop-yes").click();
  await expect(page.getByTestId("stopped")).toBeVisible();
  await expect(page.getByTestId("status-word")).toHaveText(t["status.stopping"] ?? "?");
  await expect(page.getByTestId("closes-in")).toContainText(/\d+ 秒/);
  await expectGood(page, "31-stopped");
  await page.getByTestId("continue").click();
  await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
  expect(device.running).not.toBeNull();
});

test("a stop that nobody takes back closes the lesson by itself", async ({ page, device }) => {
  device.continueMs = 2000;
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("stop").click();
  await page.getByTestId("stop-yes").click();
  await expect(page.getByTestId("stopped")).toBeVisible();
  await expect(page.getByTestId("start")).toBeVisible();
  expect(device.running).toBeNull();
});

test("deleting the last two minutes asks first, and says what it means", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("tile-A6").click();
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "true");
  await page.getByTestId("delete-last").click();
  await expect(page.getByRole("dialog")).toContainText(t["delete.means"] ?? "?");
  await expect(page.getByRole("dialog")).toContainText("1 个标记");
  await expectGood(page, "32-delete");
  expect(device.deleted).toEqual([]);
  await page.getByTestId("delete-yes").click();
  await expect.poll(() => device.deleted).toEqual([120_000]);
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a planned length counts down, five minutes more move it, and it ends nothing", async ({ page, device }) => {
  await signInTeacher(page, device);
  await page.getByRole("button", { name: (t["field.planned-minutes"] ?? "?").replace("{n}", "45") }).click();
  await startLesson(page);
  expect(device.running.planned_ms).toBe(45 * 60_000);
  await expect(page.getByTestId("plan")).toContainText("44:");
  device.running.planned_ms = 1000;
  device.changed();
  await expect(page.getByTestId("plan")).toContainText((t["plan.over"] ?? "?").split("{")[0] ?? "?");
  await page.getByTestId("more-time").click();
  await expect(page.getByTestId("plan")).toContainText("4:5");
});

test("bytes that do not become durable are told in words", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  Object.assign(device, { fault: "not-durable", proven: false });
  device.changed();
  await expect(page.getByTestId("unsure-why")).toHaveText(t["status.disk-why"] ?? "?");
  await expect(page.locator("html")).toHaveAttribute("data-recording", "unsure");
  await expectGood(page, "33-not-durable");
});

test("a part of a draft is chosen, shown on the timeline, asked for once more, and deleted for good", async ({ page, device, locale }) => {
  const words = texts("teacher", locale ?? "zh-CN");
  const lesson = device.addLesson({ clips: [{ id: "C1", point: "A6", from_ms: 8000, to_ms: 22_000, mark: null, sources: ["room"] }] });
  await signInTeacher(page, device);
  await page.goto(`${device.url}/lessons/${lesson.id}`);
  await page.getByTestId("timeline").getByRole("slider").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.getByTestId("delete-part").click();
  await expect(page.getByTestId("tl-doomed")).toBeVisible();
  await expect(page.getByTestId("start-time")).toHaveText("0:10.0");
  await page.getByTestId("deletion").getByRole("button", { name: new RegExp(`^\\+1 s ${(words["trim.later"] ?? "?").replace("{name}", words["trim.start"] ?? "?")}`) }).click();
  await expectGood(page, "34-delete-part");
  await page.getByTestId("part-ask").click();
  await expect(page.getByRole("dialog")).toContainText(words["part.means"] ?? "?");
  await expect(page.getByRole("dialog")).toContainText((words["part.clips"] ?? "?").split("|")[0]?.replace("{n}", "1") ?? "?");
  await expectGood(page, "35-delete-part-ask");
  expect(device.deleted).toEqual([]);
  await page.getByTestId("part-yes").click();
  await expect.poll(() => device.deleted).toEqual([[11_000, 40_000]]);
  await expect(page.getByTestId("gaps")).toContainText("0:11");
  await expect(page.getByTestId("delete-part")).toBeVisible();
});

test("a part with a submitted clip is not deleted, and the page says why", async ({ page, device }) => {
  const lesson = device.addLesson();
  device.submissions.push({ id: "S1", lesson: lesson.id, clip: "C1", point: "A6", state: "queued", reasons: [], package_sha256: "", size_bytes: 0, acked_bytes: 0 });
  await signInTeacher(page, device);
  await page.goto(`${device.url}/lessons/${lesson.id}`);
  await page.getByTestId("delete-part").click();
  await page.getByTestId("part-ask").click();
  await page.getByTestId("part-yes").click();
  await expect(page.getByRole("dialog")).toContainText(d["problem.submitted"] ?? "?");
  expect(device.deleted).toEqual([]);
});
