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

const everywhere = /specs\/(teacher|assessor)-flow|specs\/look/;

export default defineConfig({
  testDir: ".",
  testMatch: /(specs|real)\/.*\.spec\.ts/,
  globalSetup: "./global-setup.ts",
  outputDir: "test-results",
  timeout: 90_000,
  expect: { timeout: 10_000 },
  workers: 1,
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
    project("board-zh", board, "zh-CN", /specs\/.*\.spec\.ts/),
    project("board-en", board, "en", everywhere),
    project("phone-zh", phone, "zh-CN", everywhere),
    project("phone-en", phone, "en", everywhere),
    project("desk-zh", desk, "zh-CN", /specs\/(teacher-flow|assessor-flow|assessor-keys)/),
    project("real", { ...desk, hasTouch: true }, "zh-CN", /real\/.*\.spec\.ts/),
  ],
});
