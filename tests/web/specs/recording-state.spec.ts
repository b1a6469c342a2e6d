// The page never says more than the device proves, and only what makes a recording impossible may stop a teacher.
import { expect, expectGood, shot, signInTeacher, startLesson, test, texts } from "../fixtures";

const t = texts("teacher", "zh-CN");
const d = texts("design", "zh-CN");

test("without proof it says so in amber, in words, border and title", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  device.proven = false;
  await expect(page.getByTestId("status-word")).toHaveText(t["status.unsure"] ?? "?");
  await expect(page.locator("html")).toHaveAttribute("data-recording", "unsure");
  await expect(page).toHaveTitle(new RegExp(`^○ .*${t["status.unsure"] ?? "?"}`));
  await expect(page.locator(".rec-frame")).toHaveCSS("border-top-color", "rgb(227, 154, 18)");
  await expectGood(page, "20-unsure");
  device.proven = true;
  await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
});

test("the timer counts what is on disk, not the time since the press", async ({ page, device }) => {
  await signInTeacher(page, device);
  device.durable = () => 7000;
  await page.getByTestId("start").click();
  await expect(page.getByTestId("timer")).toHaveText("00:07");
  await expect.poll(() => device.elapsed()).toBeGreaterThan(3000);
  await expect(page.getByTestId("timer")).toHaveText("00:07");
});

test("a silent line is not taken for a running recording", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  // The connection stands, but nothing comes through it any more.
  device.events.send = () => undefined;
  await expect(page.getByTestId("status-word")).toHaveText(t["status.away"] ?? "?", { timeout: 15_000 });
  await expect(page.locator("html")).toHaveAttribute("data-recording", "away");
});

test("while the recorder is being restarted its lesson stays on the screen, unproven, and taps wait", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  device.recorderAway = true;
  device.changed();
  await expect(page.getByTestId("status-word")).toHaveText(t["status.unsure"] ?? "?");
  await expect(page.locator(".status")).toContainText(t["status.fault-why"] ?? "?");
  await page.getByTestId("tile-A6").click();
  await expect(page.getByTestId("mark-waiting")).toContainText(t["marks.waiting"] ?? "?");
  device.recorderAway = false;
  device.changed();
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "true");
  await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
});

test("a lost source is named where people look", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await expect(page.getByTestId("live")).toBeVisible();
  const { room } = device.tracks();
  Object.assign(device.sources[0], { state: "lost", code: "password" });
  const state = device.state.bind(device);
  device.state = () => {
    const now = state();
    return { ...now, sources: now.sources.map((source: { name: string }) => (source.name === "room" ? { ...source, tracks: room } : source)) };
  };
  device.changed();
  await expect(page.getByTestId("live")).toContainText(t["source.why.password"] ?? "?");
  await expect(page.getByTestId("tracks")).toContainText(t["source.lost"] ?? "?");
  await expect(page.getByTestId("why-room")).toContainText(t["source.why.password"] ?? "?");
  await shot(page, "21-lost");
  Object.assign(device.sources[0], { state: "live", code: "no-key", picture_missing: true });
  device.changed();
  await expect(page.getByTestId("live")).toContainText(t["source.why.no-key"] ?? "?");
  await expect(page.getByTestId("live")).toContainText(t["live.none-why"]?.split("{")[0] ?? "?");
  await shot(page, "21-no-picture");
});

test("only no picture and no disk block the start; the rest warns", async ({ page, device }) => {
  await signInTeacher(page, device);
  Object.assign(device, { synchronised: false, minutesLeft: 25, upload: { state: "offline", queued: 2 } });
  device.changed();
  for (const lamp of ["disk", "clock", "upload"]) await expect(page.getByTestId(`lamp-${lamp}`)).toHaveAttribute("data-tone", "warn");
  await expect(page.getByTestId("start")).toBeEnabled();
  await expectGood(page, "22-warnings");
  device.minutesLeft = 0;
  device.changed();
  await expect(page.getByTestId("lamp-disk")).toHaveAttribute("data-tone", "block");
  await expect(page.getByTestId("start")).toBeDisabled();
  device.minutesLeft = 900;
  for (const source of device.sources) source.state = "lost";
  device.changed();
  await expect(page.getByTestId("lamp-picture")).toHaveAttribute("data-tone", "block");
  await expect(page.getByTestId("start")).toBeDisabled();
  await expectGood(page, "23-blocked");
});

test("a camera without a usable picture is named before the lesson, with what to do", async ({ page, device }) => {
  await signInTeacher(page, device);
  const lamp = page.getByTestId("lamp-picture");
  Object.assign(device.sources[1], { state: "lost", code: "unreachable" });
  device.changed();
  await expect(lamp).toHaveAttribute("data-tone", "warn");
  await expect(lamp).toContainText(t["source.why.unreachable"] ?? "?");
  await expectGood(page, "22-camera-away");
  Object.assign(device.sources[1], { state: "live", code: "no-key", picture_missing: true });
  device.changed();
  await expect(lamp).toContainText(t["source.why.no-key"] ?? "?");
  await expect(lamp).toHaveAttribute("data-tone", "warn");
  Object.assign(device.sources[1], { code: "", picture_missing: false });
  device.changed();
  await expect(lamp).toHaveAttribute("data-tone", "ok");
});

test("when the device refuses, its reason stands in the page's language", async ({ page, device }) => {
  await signInTeacher(page, device);
  const state = device.state.bind(device);
  device.state = () => ({ ...state(), sources: state().sources.map((source: object) => ({ ...source, state: "live" })) });
  for (const source of device.sources) source.state = "lost";
  await page.getByTestId("start").click();
  await expect(page.getByTestId("problem")).toContainText(d["problem.no-picture-source"] ?? "?");
  await expect(page.getByTestId("problem")).toContainText("no-picture-source");
});

test("closing the page does not stop the recording, and it is there again afterwards", async ({ page, device, context }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.goto("about:blank");
  expect(device.running).not.toBeNull();
  const again = await context.newPage();
  await again.goto(device.url);
  await expect(again.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
});

test("signing out does not stop the recording; the sign-in page shows that it runs", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("menu").click();
  await page.getByTestId("sign-out").click();
  await expect(page.getByTestId("welcome-state")).toContainText(t["status.recording"] ?? "?");
  await expect(page.locator("html")).toHaveAttribute("data-recording", "recording");
  expect(device.running).not.toBeNull();
  await expectGood(page, "24-signed-out");
});

test("another teacher sees that a lesson runs, but neither its picture nor its stop button", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  await page.getByTestId("menu").click();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("name-T002").click();
  await page.getByTestId("pin").fill("246802");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("status-word")).toBeVisible();
  await expect(page.locator("main")).toContainText((t["other.running"] ?? "?").replace("{name}", "王老师"));
  await expect(page.getByTestId("stop")).toHaveCount(0);
  await expect(page.getByTestId("live")).toHaveCount(0);
});

test("too many wrong PINs: the page says how long to wait", async ({ page, device }) => {
  device.tries = 5;
  await page.goto(device.url);
  await page.getByTestId("name-T001").click();
  await page.getByTestId("pin").fill("000000");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("problem")).toContainText("30 秒");
});

test("a PIN can be pasted", async ({ page, device }) => {
  await page.goto(device.url);
  await page.getByTestId("name-T001").click();
  const pin = page.getByTestId("pin");
  await pin.focus();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "135790");
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    document.execCommand("insertText", false, "135790");
  });
  await expect(pin).toHaveValue("135790");
});

test("the clip's length is held against the point's limit", async ({ page, device }) => {
  const lesson = device.addLesson({ duration_ms: 20 * 60_000, clips: [{ id: "C1", point: "A6", from_ms: 0, to_ms: 11 * 60_000, sources: ["room"], mark: null }] });
  await signInTeacher(page, device);
  await page.goto(`${device.url}/lessons/${lesson.id}/clips/C1`);
  await expect(page.getByTestId("limit")).toContainText("超出 1:00");
  await page.getByTestId("step-submit").click();
  await expect(page.getByTestId("check-missing").filter({ hasText: t["check.clip-too-long"] ?? "?" })).toBeVisible();
});

test("what a confirmed rule says and what is only a default is told apart", async ({ page, device }) => {
  const lesson = device.addLesson({ clips: [{ id: "C1", point: "A5", from_ms: 0, to_ms: 9000, sources: ["room"], mark: null }] });
  await signInTeacher(page, device);
  await page.goto(`${device.url}/lessons/${lesson.id}/clips/C1`);
  await expect(page.getByTestId("limit")).toContainText(t["limit.default"] ?? "?");
  await page.getByTestId("step-papers").click();
  await expect(page.getByTestId("materials")).toContainText(t["papers.default"] ?? "?");
});
