// Keyboard first: shuttle, frames, levels, citing; a comment carries the time of its first key; nothing typed is ever lost.
import { expectTogether } from "../angles";
import { expect, signInAssessor, test, texts } from "../fixtures";
import type { MockPlatform } from "../mock/platform.mjs";
import type { Page } from "@playwright/test";

const t = texts("assessor", "zh-CN");
const now = (page: Page, source = "room"): Promise<number> => page.getByTestId(`video-${source}`).evaluate((v: HTMLVideoElement) => v.currentTime);
const rate = (page: Page): Promise<number> => page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.playbackRate);
const paused = (page: Page): Promise<boolean> => page.getByTestId("video-room").evaluate((v: HTMLVideoElement) => v.paused);

test.beforeEach(async ({ page, platform }) => {
  const id = platform.addReview("A6");
  await signInAssessor(page, platform);
  await page.goto(`${platform.url}/review/${id}`);
  for (const source of ["room", "board"]) await expect.poll(() => page.getByTestId(`video-${source}`).evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThanOrEqual(3);
});

test("L plays and speeds up to double, K rests, J goes back", async ({ page }) => {
  await page.keyboard.press("l");
  await expect.poll(() => now(page)).toBeGreaterThan(1);
  await page.keyboard.press("l");
  await page.keyboard.press("l");
  await page.keyboard.press("l");
  expect(await rate(page)).toBe(2);
  await expect.poll(() => now(page)).toBeGreaterThan(5);
  await page.keyboard.press("k");
  await expect.poll(() => paused(page)).toBe(true);
  expect(await rate(page)).toBe(1);
  const before = await now(page);
  await page.keyboard.press("j");
  await expect.poll(() => now(page)).toBeCloseTo(before - 3, 1);
});

test("full stop and comma go one frame on and back, on both angles", async ({ page }) => {
  await page.keyboard.press(".");
  await expect.poll(() => now(page)).toBeCloseTo(1.5 / 25, 3);
  await page.keyboard.press(".");
  await expect.poll(() => now(page)).toBeCloseTo(2.5 / 25, 3);
  await expect.poll(() => now(page, "board")).toBeCloseTo(2.5 / 25, 3);
  await page.keyboard.press(",");
  await expect.poll(() => now(page)).toBeCloseTo(1.5 / 25, 3);
});

test("two angles stay within 40 ms of each other while they play, and end together", async ({ page }) => {
  await expectTogether(page, async () => {
    await page.getByTestId("timeline").getByRole("slider").press("Home");
    if (await paused(page)) await page.getByTestId("play").click();
    await expect.poll(() => now(page)).toBeGreaterThan(1);
  });
  await page.getByTestId("timeline").getByRole("slider").press("End");
  await expect.poll(() => paused(page)).toBe(true);
  await page.waitForTimeout(500);
  for (const source of ["room", "board"]) expect(await now(page, source), source).toBeGreaterThan(19);
});

test("digits give the level of the current piece, M cites, arrows change the piece", async ({ page, platform }) => {
  await page.keyboard.press("2");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("1");
  await page.keyboard.press(".");
  await page.keyboard.press("m");
  await expect(page.getByTestId("piece-课堂实录片段")).toHaveAttribute("data-current", "true");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces).toMatchObject([
    { title: "教学设计", level: "合格", moments: [] }, { title: "课堂实录片段", level: "优秀", moments: [{ source: "room", at_ms: 60 }] }, { title: "教学反思", level: null },
  ]);
});

test("typing a comment pauses, carries the time of its first key, and Enter goes on", async ({ page, platform }) => {
  await page.keyboard.press("l");
  await expect.poll(() => now(page)).toBeGreaterThan(1);
  await page.keyboard.press("c");
  expect(await paused(page)).toBe(false);
  const before = (await now(page)) * 1000;
  await page.keyboard.press("h");
  await expect.poll(() => paused(page)).toBe(true);
  const first = (await now(page)) * 1000;
  await page.keyboard.type("ello");
  await page.waitForTimeout(400);
  await page.keyboard.press("Enter");
  await expect.poll(() => paused(page)).toBe(false);
  await expect.poll(() => platform.drafts.get("E01/r1")?.comments?.[0]?.text).toBe("hello");
  const { at_ms } = platform.drafts.get("E01/r1").comments[0];
  expect(at_ms).toBeGreaterThanOrEqual(before);
  expect(at_ms).toBeLessThanOrEqual(first + 60);
});

test("Enter within an input method's composition does not hand the comment in", async ({ page }) => {
  const box = page.getByTestId("comment");
  await box.focus();
  await box.evaluate((field: HTMLTextAreaElement) => {
    field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
    field.value = "shiyan";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229, bubbles: true } as KeyboardEventInit));
  });
  await expect(page.getByTestId("comments").getByRole("listitem")).toHaveCount(0);
  await expect(box).toHaveValue("shiyan");
});

test("letters typed into a reason are letters, not commands", async ({ page }) => {
  await page.getByTestId("piece-教学设计").getByRole("textbox").fill("");
  await page.getByTestId("piece-教学设计").getByRole("textbox").pressSequentially("jkl 123 n");
  await expect(page.getByTestId("piece-教学设计").getByRole("textbox")).toHaveValue("jkl 123 n");
  expect(await paused(page)).toBe(true);
});

test("while the platform is away the judgement is kept, shown as unsaved, and saved later", async ({ page, platform }) => {
  await page.keyboard.press("1");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces[0].level).toBe("优秀");
  platform.web.goDown();
  await page.keyboard.press("3");
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "failed");
  await expect(page.getByTestId("save-state")).toHaveText(t["saved.failed"] ?? "?");
  platform.web.comeBack();
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "saved", { timeout: 15_000 });
  expect(platform.drafts.get("E01/r1").pieces[0].level).toBe("不合格");
});

test("what never reached the platform is there again after the browser was closed", async ({ page, platform, context }) => {
  await page.route(/\/draft$/, (route) => route.abort());
  await page.getByTestId("piece-教学设计").getByRole("textbox").fill("环节完整");
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "failed");
  await page.goto("about:blank");
  const again = await context.newPage();
  await again.goto(`${platform.url}/review/r1`);
  await expect(again.getByTestId("piece-教学设计").getByRole("textbox")).toHaveValue("环节完整");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces[0].comment).toBe("环节完整");
});

// As from another browser.
function saveElsewhere(platform: MockPlatform, comment: string): void {
  const draft = platform.drafts.get("E01/r1");
  platform.drafts.set("E01/r1", { ...draft, pieces: draft.pieces.map((piece: object, i: number) => (i === 0 ? { ...piece, comment } : piece)) });
}
const savedComment = (platform: MockPlatform): unknown => platform.drafts.get("E01/r1")?.pieces[0].comment;

test("a newer draft of another browser is shown, and what was made here is kept aside until it is chosen", async ({ page, platform }) => {
  const words = page.getByTestId("piece-教学设计").getByRole("textbox");
  await page.keyboard.press("1");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces[0].level).toBe("优秀");
  await page.route(/\/draft$/, (route) => route.abort());
  await words.fill("在学校写的");
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "failed");
  saveElsewhere(platform, "在家写的");
  await page.unroute(/\/draft$/);
  await expect(page.getByTestId("aside")).toHaveText(t["aside"] ?? "?");
  await expect(words).toHaveValue("在家写的");
  expect(savedComment(platform)).toBe("在家写的");
  await page.getByTestId("aside-take").click();
  await expect(words).toHaveValue("在学校写的");
  await expect.poll(() => savedComment(platform)).toBe("在学校写的");
  await expect(page.getByTestId("aside")).toBeHidden();
});

test("an old copy in a browser does not take the place of what was saved since", async ({ page, platform, context }) => {
  await page.keyboard.press("1");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces[0].level).toBe("优秀");
  await page.route(/\/draft$/, (route) => route.abort());
  await page.getByTestId("piece-教学设计").getByRole("textbox").fill("在学校写的");
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "failed");
  await page.goto("about:blank");
  saveElsewhere(platform, "在家写的");
  const saves = platform.saves;
  const again = await context.newPage();
  await again.goto(`${platform.url}/review/r1`);
  await expect(again.getByTestId("aside")).toBeVisible();
  await expect(again.getByTestId("piece-教学设计").getByRole("textbox")).toHaveValue("在家写的");
  await again.getByTestId("aside-drop").click();
  await expect(again.getByTestId("aside")).toBeHidden();
  await again.waitForTimeout(1000);  // longer than a change waits for its saving
  expect(platform.saves).toBe(saves);
  expect(savedComment(platform)).toBe("在家写的");
});

test("what was changed just before the page was closed is saved all the same", async ({ page, platform }) => {
  await page.keyboard.press("3");
  await page.goto("about:blank");
  await expect.poll(() => platform.drafts.get("E01/r1")?.pieces[0].level).toBe("不合格");
});

test("what was handed in can be seen but not changed", async ({ page, platform }) => {
  platform.reviews.get("r1").state = "done";
  await page.reload();
  await expect(page.locator("main")).toContainText(t["review.done"] ?? "?");
  await expect(page.getByTestId("hand-in")).toHaveCount(0);
  await page.getByTestId("play").waitFor();
  await page.keyboard.press("1");
  await page.keyboard.press("l");
  await expect.poll(() => now(page)).toBeGreaterThan(1);
  await page.waitForTimeout(4500);
  expect(platform.saves).toBe(0);
});

test("N goes to the next submission", async ({ page, platform }) => {
  const next = platform.addReview("B4");
  await page.keyboard.press("n");
  await page.waitForURL(new RegExp(`/review/${next}$`));
});

test("the list of keys is one key away", async ({ page }) => {
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText(t["keys.cite"] ?? "?");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
