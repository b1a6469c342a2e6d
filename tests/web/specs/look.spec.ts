// The main pages in the dark, on each screen and in each language: contrast, sizes, and pictures for people to look at.
import { expectGood, signInAssessor, signInTeacher, startLesson, test } from "../fixtures";

test.use({ colorScheme: "dark" });

test("the teacher's pages in the dark", async ({ page, device }) => {
  const lesson = device.addLesson({ gaps: [{ track: "board.video", from_ms: 26_000, to_ms: 28_500, reason: "source-lost" }] });
  const clip = { id: "C1", point: "A6", from_ms: 8000, to_ms: 22_000, sources: ["room", "board"], mark: null };
  lesson.clips.push(clip);
  const submission = device.addSubmission(lesson, clip, { state: "acknowledged", size_bytes: 24_600_000, acked_bytes: 24_600_000, package_sha256: "ab".repeat(32), receipt: { number: "SL-2026-000173", received_utc: "2026-03-02T06:12:00Z" } });
  submission.verdict = device.verdict(submission);
  await page.goto(device.url);
  await page.getByTestId("name-T001").waitFor();
  await expectGood(page, "40-dark-names");
  await signInTeacher(page, device);
  await page.locator(".recent .lesson-row").first().waitFor();
  await expectGood(page, "41-dark-home");
  await page.goto(`${device.url}/lessons/${lesson.id}`);
  await page.getByTestId("play").waitFor();
  await expectGood(page, "42-dark-lesson");
  await page.goto(`${device.url}/lessons/${lesson.id}/clips/C1`);
  await page.getByTestId("trim").waitFor();
  await expectGood(page, "43-dark-clip");
  await page.goto(`${device.url}/submissions/${submission.id}`);
  await page.getByTestId("verdict").waitFor();
  await expectGood(page, "44-dark-verdict");
  await page.goto(device.url);
  await startLesson(page);
  await page.getByTestId("tile-A6").click();
  await page.getByTestId("marks").getByRole("listitem").first().waitFor();
  await expectGood(page, "45-dark-recording");
});

test("the assessor's pages in the dark", async ({ page, platform }) => {
  const id = platform.addReview("A6");
  platform.addReview("A5", { third: true });
  await page.goto(platform.url);
  await page.getByTestId("assessor").waitFor();
  await expectGood(page, "50-dark-signin");
  await signInAssessor(page, platform);
  await expectGood(page, "51-dark-queue");
  await page.goto(`${platform.url}/review/${id}`);
  await page.getByTestId("play").waitFor();
  await expectGood(page, "52-dark-review");
});
