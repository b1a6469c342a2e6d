// How well two angles keep together, sampled inside the page while they play.
import { expect, type Page } from "@playwright/test";

const kWithinS = 0.04;

// Seconds between the two pictures in nine of ten samples, over three seconds of playing.
export function driftWhilePlaying(page: Page): Promise<number> {
  return page.evaluate(() => new Promise<number>((resolve) => {
    const [a, b] = [...document.querySelectorAll("video")];
    const seen: number[] = [];
    const timer = setInterval(() => {
      if (a && b && !a.paused && !a.seeking && !b.seeking) seen.push(Math.abs(a.currentTime - b.currentTime));
      if (seen.length < 60) return;
      clearInterval(timer);
      resolve(seen.sort((x, y) => x - y)[53] ?? 1);
    }, 50);
  }));
}

// A machine that is busy with something else may starve one decoder for a while: then they must find together again.
export async function expectTogether(page: Page, restart: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await restart();
    expect(await driftWhilePlaying(page), "s between the angles").toBeLessThan(kWithinS);
  }).toPass({ timeout: 60_000 });
}
