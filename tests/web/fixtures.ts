// What the specs share: a mock server for each test, and the promises that every page keeps everywhere: no request leaves the
// origin, no error in the console, nothing that axe objects to, nothing too small to touch.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test as base, type Page } from "@playwright/test";
import { MockDevice } from "./mock/device.mjs";
import { MockPlatform } from "./mock/platform.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const www = (page: string): string => join(process.env.SHILU_WWW ?? "", page);
export const texts = (app: "teacher" | "assessor" | "design", locale: string): Record<string, string> => {
  const folder = { teacher: "firmware/ui/src/texts", assessor: "upload/platform/pages/src/texts", design: "firmware/ui/design/texts" }[app];
  return JSON.parse(readFileSync(join(import.meta.dirname, "../..", folder, `${locale === "en" ? "en" : "zh-CN"}.json`), "utf8")) as Record<string, string>;
};

interface Fixtures {
  readonly device: MockDevice;
  readonly platform: MockPlatform;
  readonly promises: void;
}

// Lines of the console that are the test's own doing: answers with an error status, and a server that was switched off.
const kExpected = /Failed to load resource|net::ERR_|WebSocket connection/;

export const test = base.extend<Fixtures>({
  device: async ({}, use) => {
    const device = new MockDevice(www("teacher"));
    await device.start();
    await use(device);
    await device.stop();
  },
  platform: async ({}, use) => {
    const platform = new MockPlatform(www("assessor"));
    await platform.start();
    await use(platform);
    await platform.stop();
  },
  promises: [async ({ page }, use) => {
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      const own = ["data:", "blob:", "about:", "chrome:", "file:"].includes(url.protocol) || url.hostname === "127.0.0.1" || url.protocol === "chrome-extension:";
      if (!own) foreign.push(request.url());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !kExpected.test(message.text())) errors.push(message.text());
    });
    await use();
    expect(foreign, "requests that left the origin").toEqual([]);
    expect(errors, "errors in the console").toEqual([]);
  }, { auto: true }],
});

export { expect };

export async function profile(page: Page): Promise<string> {
  return page.evaluate(() => document.documentElement.dataset.profile ?? "");
}

// Everything axe knows of WCAG 2.2 A and AA.
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: (node: Node, options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe;
    // What happens to be scrolled half under a fixed bar is not too small: meanwhile the bars stand in the page's flow.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".shell-bar, .nav, .hold, .toasts, .review-side { position: static !important }");
    document.adoptedStyleSheets = [sheet];
    const result = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    document.adoptedStyleSheets = [];
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} — ${node.failureSummary ?? ""}`).join("\n   ")}`);
  });
  expect.soft(found, "axe violations").toEqual([]);
}

const kSmallest: Readonly<Record<string, number>> = { board: 80, phone: 48, desk: 40 };

// Whatever is touched is large enough for the screen's profile; links within a sentence are excepted, as WCAG does.
export async function expectTouchable(page: Page): Promise<void> {
  const least = kSmallest[await profile(page)] ?? 24;
  const small = await page.evaluate((min) => {
    const open = document.querySelector("dialog[open]");
    const all = [...(open ?? document).querySelectorAll<HTMLElement>("button, a.button, .nav a, a.lesson-row, a.queue-row, input:not(.sr), textarea, [role=slider], summary")];
    return all
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ element, box }) => box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden")
      .filter(({ box }) => box.width < min - 0.5 || box.height < min - 0.5)
      .map(({ element, box }) => `${Math.round(box.width)}x${Math.round(box.height)} ${element.outerHTML.slice(0, 140)}`);
  }, least);
  expect.soft(small, `targets smaller than ${least} px`).toEqual([]);
}

// The page never scrolls sideways.
export async function expectNoSideways(page: Page): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(over, "px of sideways scroll").toBeLessThanOrEqual(0);
}

export async function expectGood(page: Page, name: string): Promise<void> {
  await shot(page, name);
  await expectNoSideways(page);
  await expectTouchable(page);
  await expectAccessible(page);
}

// Kept for people to look at; never compared, for fonts and Chromium change.
export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, "test-results/shots", `${test.info().project.name}-${name}.png`), animations: "disabled" });
}

export async function signInTeacher(page: Page, device: MockDevice): Promise<void> {
  await page.goto(device.url);
  await page.getByTestId("name-T001").click();
  await page.getByTestId("pin").fill("135790");
  await page.getByTestId("sign-in").click();
  await page.getByTestId("menu").waitFor();
  await expect(page.getByTestId("start").or(page.getByTestId("timer"))).toBeVisible();
}

export async function startLesson(page: Page): Promise<void> {
  await page.getByTestId("start").click();
  await expect(page.getByTestId("timer")).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-recording", "recording");
}

export async function signInAssessor(page: Page, platform: MockPlatform): Promise<void> {
  await page.goto(platform.url);
  await page.getByTestId("assessor").fill("E01");
  await page.getByTestId("pin").fill("246801");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("queue").or(page.locator(".empty"))).toBeVisible();
}
