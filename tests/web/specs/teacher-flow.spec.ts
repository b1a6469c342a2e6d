// One lesson on the teacher's page, from sign-in to verdict, on every screen and in both languages.
import { expect, expectGood, shot, signInTeacher, startLesson, test, texts } from "../fixtures";

const pdf = { mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF") };

test("a lesson goes from sign-in to verdict", async ({ page, device, locale }) => {
  test.setTimeout(180_000);
  const t = texts("teacher", locale ?? "zh-CN");
  const d = texts("design", locale ?? "zh-CN");

  await test.step("sign in, with a wrong PIN first", async () => {
    await page.goto(device.url);
    await page.getByTestId("name-T001").waitFor();
    await expectGood(page, "01-names");
    await page.getByTestId("name-T001").click();
    for (const digit of "111111") await page.getByRole("button", { name: digit, exact: true }).click();
    await page.getByTestId("sign-in").click();
    await expect(page.getByTestId("problem")).toContainText(d["problem.wrong-pin"] ?? "?");
    await expectGood(page, "02-pin");
    await page.getByTestId("pin").fill("135790");
    await page.getByTestId("sign-in").click();
  });

  await test.step("the card and five lamps", async () => {
    await expect(page.getByTestId("start")).toBeVisible();
    for (const lamp of ["picture", "sound", "disk", "clock", "upload"]) await expect(page.getByTestId(`lamp-${lamp}`)).toHaveAttribute("data-tone", "ok");
    await page.getByLabel(t["field.class"] ?? "?").fill("高一(3)班");
    await page.getByLabel(t["field.subject"] ?? "?").fill("物理");
    await page.getByLabel(t["field.topic"] ?? "?").fill("牛顿第二定律");
    await expectGood(page, "03-home");
  });

  await test.step("start: first unsure, then recording", async () => {
    await page.getByTestId("start").click();
    await expect(page.getByTestId("status-word")).toHaveText(t["status.unsure"] ?? "?");
    await expect(page.getByTestId("status-word")).toHaveText(t["status.recording"] ?? "?");
    await expect(page).toHaveTitle(new RegExp(`● 00:0\\d ${t["status.recording"] ?? "?"}`));
    await expect(page.locator(".rec-frame")).toHaveCSS("border-top-color", "rgb(208, 26, 43)");
  });

  await test.step("the live picture advances, and switches", async () => {
    const video = page.getByTestId("live-video");
    await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThanOrEqual(2);
    const before = await video.evaluate((v: HTMLVideoElement) => v.currentTime);
    await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(before + 0.5);
    await page.getByRole("button", { name: d["source.board"] ?? "?", exact: true }).click();
    await expect(page.getByTestId("live")).toContainText(d["source.board"] ?? "?");
    await page.getByRole("button", { name: d["source.room"] ?? "?", exact: true }).click();
  });

  await test.step("bytes on disk grow", async () => {
    const first = await page.getByTestId("bytes").textContent();
    await expect(page.getByTestId("bytes")).not.toHaveText(first ?? "");
  });

  await test.step("a tap becomes a mark", async () => {
    await page.getByTestId("tile-A6").click();
    await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "true");
    await expect(page.getByTestId("marks").getByRole("listitem")).toHaveCount(1);
    await expectGood(page, "04-recording");
    expect(device.running.marks).toHaveLength(1);
  });

  await test.step("all points, searchable, with what is known of their rules", async () => {
    await page.getByTestId("all-points").click();
    await expect(page.getByTestId("points").getByRole("listitem")).toHaveCount(30);
    await page.getByRole("searchbox").fill("A11");
    await expect(page.getByTestId("points").getByRole("listitem")).toHaveCount(1);
    await expect(page.getByTestId("point-A11")).toContainText(d["status.unconfirmed"] ?? "?");
    await page.getByRole("searchbox").fill("");
    await expectGood(page, "05-points");
    await page.keyboard.press("Escape");
    await expect(page.getByTestId("points")).toBeHidden();
  });

  await test.step("stop: a tap asks first", async () => {
    await page.getByTestId("stop").click();
    await expectGood(page, "06-stop");
    await page.getByTestId("stop-yes").click();
    await page.getByTestId("finish").click();
    await page.waitForURL(/\/lessons\/L/);
    await expect(page.locator("html")).toHaveAttribute("data-recording", "no");
  });

  await test.step("both angles play together and seek", async () => {
    const time = (source: string): Promise<number> => page.getByTestId(`video-${source}`).evaluate((v: HTMLVideoElement) => v.currentTime);
    for (const source of ["room", "board"]) await expect.poll(() => page.getByTestId(`video-${source}`).evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThanOrEqual(3);
    await page.getByTestId("play").click();
    await expect.poll(() => time("room")).toBeGreaterThan(1.5);
    await expect.poll(() => time("board")).toBeGreaterThan(1.5);
    await page.getByTestId("play").click();
    await expect.poll(async () => Math.abs((await time("room")) - (await time("board")))).toBeLessThan(0.04);
    await page.getByTestId("timeline").getByRole("slider").press("End");
    await page.getByTestId("timeline").getByRole("slider").press("Home");
    await expect.poll(() => time("board")).toBeLessThan(0.04);
    await page.getByTestId("swap").click();
    await expect(page.getByTestId("stage")).toHaveAttribute("data-main", "board");
    await page.getByTestId("swap").click();
    await expectGood(page, "07-lesson");
  });

  await test.step("the mark becomes a clip; its borders move by taps and by dragging", async () => {
    await page.getByTestId("draft-marks").getByRole("button", { name: t["marks.make-clip"] ?? "?" }).click();
    await page.waitForURL(/\/clips\//);
    const start = page.getByTestId("start-time");
    await expect(start).toHaveText("0:00.0");
    await page.getByRole("button", { name: (t["trim.later"] ?? "?").replace("{name}", t["trim.start"] ?? "?") }).click();
    await expect(start).toHaveText("0:01.0");
    await expect(page.getByTestId("clip-saved")).toHaveText(t["saving.saved"] ?? "?");
    const end = page.getByTestId("trim-end");
    await end.scrollIntoViewIfNeeded();
    const box = await end.boundingBox();
    if (!box) throw new Error("the handle is not there");
    const before = await page.getByTestId("end-time").textContent();
    await page.mouse.move(box.x + 5, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x - 60, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await expect(page.getByTestId("end-time")).not.toHaveText(before ?? "");
    await end.press("ArrowLeft");
    await expect(page.getByTestId("clip-saved")).toHaveText(t["saving.saved"] ?? "?");
    const [clip] = device.lessons[0].clips;
    expect(clip.from_ms).toBe(1000);
    expect(clip.to_ms).toBeLessThan(48_000);
    await expectGood(page, "08-clip");
  });

  await test.step("documents: what is not what it says is refused", async () => {
    await page.getByTestId("step-papers").click();
    await page.getByTestId("file-教学设计").setInputFiles({ name: "教学设计.pdf", mimeType: "application/pdf", buffer: Buffer.from("hello") });
    await expect(page.getByTestId("piece-教学设计").getByTestId("problem")).toContainText(d["problem.not-a-pdf"] ?? "?");
    await page.getByTestId("file-教学设计").setInputFiles({ name: "教学设计.pdf", ...pdf });
    await expect(page.getByTestId("piece-教学设计").getByRole("link")).toBeVisible();
    await expectGood(page, "09-papers");
  });

  await test.step("the checklist stops what is not complete", async () => {
    await page.getByTestId("step-submit").click();
    await expect(page.getByTestId("check-missing")).toHaveCount(1);
    await expect(page.getByTestId("submit")).toBeDisabled();
    await expectGood(page, "10-check");
    await page.getByTestId("check-missing").getByRole("button").click();
    await page.getByTestId("file-教学反思").setInputFiles({ name: "教学反思.pdf", ...pdf });
    await expect(page.getByTestId("piece-教学反思").getByRole("link")).toBeVisible();
    await page.getByTestId("step-submit").click();
    await expect(page.getByTestId("check-done")).toHaveCount(3);
  });

  await test.step("notes at moments; an empty one is not sent", async () => {
    await page.getByTestId("add-note").click();
    await page.getByTestId("notes").getByRole("textbox").fill("用动画引出惯性");
    await page.getByTestId("add-note").click();
    await expect(page.getByTestId("notes").getByRole("textbox")).toHaveCount(2);
    await expectGood(page, "10b-notes");
  });

  await test.step("submit, progress, receipt", async () => {
    device.rates.sending = 4000;
    await page.getByTestId("submit").click();
    await page.waitForURL(/\/submissions\/S/);
    await expect(page.getByRole("progressbar")).toBeVisible();
    await shot(page, "11-sending");
    await expect(page.getByTestId("receipt-number")).toHaveText("SL-2026-000173");
    await expectGood(page, "12-receipt");
    expect(device.fields["主题"]).toBe("牛顿第二定律");
    expect(device.notes.map((note: { text: string }) => note.text)).toEqual(["用动画引出惯性"]);
  });

  await test.step("the verdict's reasons lead to their moment", async () => {
    device.rates.verdict = 0;
    await expect(page.getByTestId("verdict-level")).toHaveText(d["level.合格"] ?? "?");
    const room = page.getByTestId("video-room");
    await expect.poll(() => room.evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThanOrEqual(1);
    await page.getByTestId("reasons").getByRole("button").first().click();
    await expect.poll(() => room.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeCloseTo(3.2, 1);
    await expectGood(page, "13-verdict");
  });

  await test.step("lists", async () => {
    await page.goto(`${device.url}/lessons`);
    await page.locator(".lesson-row").first().waitFor();
    await expectGood(page, "14-lessons");
    await page.goto(`${device.url}/submissions`);
    await page.locator(".lesson-row").first().waitFor();
    await expectGood(page, "15-submissions");
  });

  await test.step("what was submitted is shown as it was sent; a new clip can be made of it", async () => {
    const sent = device.lessons[0].clips.length;
    await page.goto(`${device.url}/lessons/${device.lessons[0].id}/clips/${device.lessons[0].clips[0].id}`);
    await expect(page.getByTestId("submitted-clip")).toContainText(t["submit.already"] ?? "?");
    await expect(page.getByTestId("trim")).toHaveCount(0);
    await expectGood(page, "16-submitted-clip");
    await page.getByTestId("clip-again").click();
    await expect(page.getByTestId("start-time")).toHaveText("0:01.0");
    await expect(page.getByTestId("trim")).toBeVisible();
    expect(device.lessons[0].clips.length).toBe(sent + 1);
  });
});

test("holding stop for 1.5 s stops, a shorter touch only asks", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  const stop = page.getByTestId("stop");
  const box = await stop.boundingBox();
  if (!box) throw new Error("no stop button");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(700);
  await page.mouse.up();
  await expect(page.getByTestId("stop-yes")).toBeVisible();
  expect(device.running).not.toBeNull();
  await page.keyboard.press("Escape");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await expect(page.getByTestId("stopped")).toBeVisible();
  await page.mouse.up();
  expect(device.away?.state).toBe("stopping");
});
