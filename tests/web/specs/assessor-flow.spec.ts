// One review on the assessor's page, from the queue to handing in, on every screen and in both languages.
import { expect, expectGood, shot, signInAssessor, test, texts } from "../fixtures";

test("a submission is judged and handed in", async ({ page, platform, locale, isMobile }) => {
  test.setTimeout(120_000);
  const t = texts("assessor", locale ?? "zh-CN");
  const d = texts("design", locale ?? "zh-CN");
  const id = platform.addReview("A6");
  const other = platform.addReview("A5", { third: true });

  await page.goto(platform.url);
  await page.getByTestId("assessor").fill("E01");
  await page.getByTestId("pin").fill("1");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("problem")).toContainText(d["problem.wrong-pin"] ?? "?");
  await expectGood(page, "60-signin");

  await signInAssessor(page, platform);
  await expect(page.getByTestId("queue").getByRole("listitem")).toHaveCount(2);
  await expectGood(page, "61-queue");
  await page.getByTestId(`review-${id}`).click();

  // Both angles, and what was watched.
  const room = page.getByTestId("video-room");
  await expect.poll(() => room.evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThanOrEqual(3);
  await page.getByTestId("play").click();
  await expect.poll(() => room.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(2);
  await page.getByTestId("play").click();
  await expect(page.getByTestId("watched")).toContainText(/1[0-9]\s?%/);

  // What is proven: each fact its own line; what cannot be told is said.
  await expect(page.getByTestId("proof-recording")).toContainText(t["proof.recording.signed"] ?? "?");
  await expect(page.getByTestId("proof-clock")).toHaveAttribute("data-tone", "open");
  await expect(page.getByTestId("proof-clock")).toContainText(t["proof.clock.unsynchronised"] ?? "?");

  // A document beside the rubric.
  await page.getByTestId("document-1").click();
  await expect(page.getByTestId("paper")).toHaveAttribute("src", /documents\/1$/);
  await page.waitForTimeout(500);
  await shot(page, "62-paper");
  await page.getByRole("button", { name: t["papers.clip"] ?? "?", exact: true }).click();

  // Levels and cited moments; the server's refusals stand at the piece that they are about.
  const piece = (title: string) => page.getByTestId(`piece-${title}`);
  await piece("课堂实录片段").getByTestId("level-1").click();
  await page.getByTestId("hand-in").click();
  await page.getByTestId("hand-in-yes").click();
  await expect(piece("教学设计").getByTestId("piece-problem")).toContainText(d["problem.piece-without-level"] ?? "?");
  await expect(piece("课堂实录片段").getByTestId("piece-problem")).toHaveCount(0);
  await piece("教学设计").getByTestId("level-2").click();
  await piece("教学设计").getByTestId("cite").click();
  await piece("教学反思").getByTestId("level-2").click();
  await piece("教学反思").getByTestId("cite").click();
  await page.getByTestId("hand-in").click();
  await page.getByTestId("hand-in-yes").click();
  await expect(piece("课堂实录片段").getByTestId("piece-problem")).toContainText(d["problem.level-without-moment"] ?? "?");
  await expectGood(page, "63-refused");
  await piece("课堂实录片段").getByTestId("cite").click();
  await expect(piece("课堂实录片段").getByTestId("piece-problem")).toHaveCount(0);
  await piece("课堂实录片段").getByRole("textbox").fill("讲解与演示配合紧密。");

  // A comment at a time.
  await page.getByTestId("comment").click();
  await page.keyboard.type("演示清楚");
  if (isMobile) await page.getByTestId("comment-keep").click();
  else await page.keyboard.press("Enter");
  await expect(page.getByTestId("comments").getByRole("listitem")).toHaveCount(1);
  await expect(page.getByTestId("save-state")).toHaveAttribute("data-state", "saved");
  await page.evaluate(() => scrollTo(0, 0));
  await expectGood(page, "64-review");

  await page.getByTestId("hand-in").click();
  await expectGood(page, "65-hand-in");
  await page.getByTestId("hand-in-yes").click();
  await page.waitForURL(new RegExp(`/review/${other}$`));
  const handed = platform.handed.get(`E01/${id}`);
  expect(handed.pieces.map((one: { level: string }) => one.level)).toEqual(["合格", "优秀", "合格"]);
  expect(handed.comments[0].text).toBe("演示清楚");
  expect(handed.watched.some((one: { to_ms: number }) => one.to_ms > 1500)).toBe(true);
  await page.goto(platform.url);
  await expect(page.getByTestId("queue-done").getByRole("listitem")).toHaveCount(1);
});
