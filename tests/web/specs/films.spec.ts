// A camera that changed its format in mid-lesson leaves several films, which play as one and beside the other angle.
import type { Page } from "@playwright/test";
import { expect, signInTeacher, test } from "../fixtures";

const kBorderMs = 20_000;
const kParts = [{ from_ms: 0, to_ms: kBorderMs }, { from_ms: kBorderMs, to_ms: 48_000 }];

interface Seen { readonly playing: boolean; readonly film: number; readonly roomS: number; readonly boardS: number }

// Where both angles stand, in seconds of the lesson.
function look(page: Page, changing: "room" | "board"): Promise<Seen> {
  return page.evaluate(({ changes, borderS }) => {
    const video = (source: string): HTMLVideoElement => document.querySelector<HTMLVideoElement>(`[data-testid=video-${source}]`) as HTMLVideoElement;
    const film = video(changes).src.includes("part=2") ? 2 : 1;
    const at = (source: string): number => video(source).currentTime + (source === changes && film === 2 ? borderS : 0);
    return { playing: !video("room").paused, film, roomS: at("room"), boardS: at("board") };
  }, { changes: changing, borderS: kBorderMs / 1000 });
}

for (const changing of ["room", "board"] as const) {
  test(`the ${changing}'s films play one behind the other, beside the other angle`, async ({ page, device }) => {
    const lesson = device.addLesson({ parts: { [changing]: kParts } });
    await signInTeacher(page, device);
    await page.goto(`${device.url}/lessons/${lesson.id}`);
    const slider = page.getByTestId("timeline").getByRole("slider");
    await slider.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    await expect(page.getByTestId("times")).toContainText("0:15 / 0:48");
    await page.getByTestId("play").click();
    await expect.poll(async () => (await look(page, changing)).film, { timeout: 20_000 }).toBe(2);
    await expect.poll(async () => (await look(page, changing)).roomS, { timeout: 20_000 }).toBeGreaterThan(23);
    await expect.poll(async () => {
      const { playing, roomS, boardS } = await look(page, changing);
      return playing && Math.abs(roomS - boardS) < 0.1;
    }, { timeout: 20_000 }).toBe(true);

    await test.step("back over the border while it plays, and to the end of the first film again", async () => {
      for (let i = 0; i < 2; i++) await page.keyboard.press("Shift+ArrowLeft");
      await page.getByTestId("timeline").getByRole("slider").press("Home");
      await expect.poll(async () => (await look(page, changing)).film).toBe(1);
      await expect.poll(async () => (await look(page, changing)).roomS).toBeGreaterThan(1);
      expect((await look(page, changing)).playing).toBe(true);
    });

    await test.step("at rest both stand at the same moment, in whichever film", async () => {
      await page.getByTestId("play").click();
      await expect.poll(async () => (await look(page, changing)).playing).toBe(false);
      await slider.press("End");
      await slider.press("Shift+ArrowLeft");
      await expect(page.getByTestId("times")).toContainText("0:18 /");
      await slider.press("ArrowRight");
      await expect(page.getByTestId("times")).toContainText("0:23 /");
      await expect.poll(async () => {
        const { film, roomS, boardS } = await look(page, changing);
        return film === 2 && Math.abs(roomS - 23) < 0.05 && Math.abs(boardS - 23) < 0.05;
      }).toBe(true);
      expect((await look(page, changing)).playing).toBe(false);
    });
  });
}
