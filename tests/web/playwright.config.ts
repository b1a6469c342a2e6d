// Both web apps in the distribution's Chromium. `specs/` runs against the mocks in `mock/`; `real/` against the appliance and the
// platform that SHILU_DEMO_JSON names (see real/demo.ts), and skips with the reason without it.
import { defineConfig, type PlaywrightTestOptions, type Project } from "@playwright/test";

const board = { viewport: { width: 1920, height: 1080 }, deviceScaleFactor: 2, hasTouch: true };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const desk = { viewport: { width: 1440, height: 900 } };

type Screen = Partial<PlaywrightTestOptions> & Pick<NonNullable<Project["use"]>, "viewport">;
function project(name: string, screen: Screen, locale: string, match: RegExp): Project {
  return { name, testMatch: match, use: { ...screen, locale } };
}

const flows = /specs\/((teacher|assessor)-flow|look|queue)\.spec/;
const looks = /specs\/look\.spec/;
// What is not about pixels runs at a quarter of the board's resolution: it is the same page.
const logic = /specs\/(build|films|marks|moments|recording-state|screens)\.spec/;

export default defineConfig({
  testDir: ".",
  testMatch: /(specs|real)\/.*\.spec\.ts/,
  globalSetup: "./global-setup.ts",
  outputDir: "test-results",
  timeout: 120_000,
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: true,
  reporter: process.env.CI ? [["line"]] : [["list"]],
  use: {
    browserName: "chromium",
    timezoneId: "Asia/Shanghai",
    colorScheme: "light",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.SHILU_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
    },
  },
  projects: [
    project("logic", { ...board, deviceScaleFactor: 1 }, "zh-CN", logic),
    project("board-zh", board, "zh-CN", flows),
    project("board-en", board, "en", looks),
    project("phone-zh", phone, "zh-CN", looks),
    project("phone-en", phone, "en", flows),
    project("desk-zh", desk, "zh-CN", /specs\/assessor/),
    project("verify", desk, "zh-CN", /specs\/verify-page\.spec/),
    project("real", { ...desk, hasTouch: true }, "zh-CN", /real\/.*\.spec\.ts/),
  ],
});
