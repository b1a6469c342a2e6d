// How the page fits the screen and the person: board sizes and reach, keyboard alone, dark, reduced motion.
import { expect, expectAccessible, shot, signInTeacher, startLesson, test } from "../fixtures";

test("on a board the main actions are at least 120 px high", async ({ page, device }) => {
  await signInTeacher(page, device);
  const height = async (id: string): Promise<number> => (await page.getByTestId(id).boundingBox())?.height ?? 0;
  expect(await height("start")).toBeGreaterThanOrEqual(120);
  await startLesson(page);
  expect(await height("stop")).toBeGreaterThanOrEqual(120);
  for (const code of device.tiles) expect(await height(`tile-${code}`)).toBeGreaterThanOrEqual(120);
});

test("on a board what is touched while recording stands between 10 and 60 % of the height", async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
  const places = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>("main button, .nav a, .tools button")].map((element) => {
    const box = element.getBoundingClientRect();
    return { what: element.textContent ?? "", top: box.top / innerHeight, bottom: box.bottom / innerHeight };
  }));
  expect(places.length).toBeGreaterThan(10);
  for (const { what, top, bottom } of places) {
    expect.soft(top, `${what}: not above 60 % of the height`).toBeGreaterThanOrEqual(0.4);
    expect.soft(bottom, `${what}: not in the lowest 10 %`).toBeLessThanOrEqual(0.905);
  }
});

test("the controls of a board can move to the other side", async ({ page, device }) => {
  await signInTeacher(page, device);
  const middle = async (): Promise<number> => {
    const box = await page.locator(".nav").boundingBox();
    return (box?.x ?? 0) + (box?.width ?? 0) / 2;
  };
  expect(await middle()).toBeLessThan(960);
  await page.getByTestId("menu").click();
  await shot(page, "30-menu");
  await page.getByRole("button", { name: "右边" }).click();
  expect(await middle()).toBeGreaterThan(960);
  await page.reload();
  await expect(page.getByTestId("start")).toBeVisible();
  expect(await middle()).toBeGreaterThan(960);
});

test("the language is switched on every page and remembered", async ({ page, device }) => {
  await page.goto(device.url);
  await page.getByTestId("language").click();
  await expect(page.getByRole("heading", { name: "Choose your name" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Choose your name" })).toBeVisible();
});

test("everything from sign-in to stop works with the keyboard alone", async ({ page, device }) => {
  await page.goto(device.url);
  await page.getByTestId("name-T001").waitFor();
  const tabTo = async (id: string): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement?.getAttribute("data-testid") === wanted, id)) return;
    }
    throw new Error(`Tab never reached ${id}`);
  };
  await page.keyboard.press("Tab");
  await expect(page.locator(".skip")).toBeFocused();
  await tabTo("name-T001");
  await page.keyboard.press("Enter");
  await tabTo("pin");
  await page.keyboard.type("135790");
  await page.keyboard.press("Enter");
  await page.getByTestId("start").waitFor();
  await tabTo("start");
  await page.keyboard.press("Enter");
  await page.getByTestId("timer").waitFor();
  await expect(page.locator("html")).toHaveAttribute("data-recording", "recording");
  await tabTo("tile-A6");
  expect(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe("solid");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "true");
  await tabTo("stop");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("stop-yes")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("stop")).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo("stop-yes");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("stopped")).toBeVisible();
  await tabTo("finish");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/lessons\//);
  expect(device.running).toBeNull();
});

test("reduced motion stops the pulse", async ({ page, device }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await signInTeacher(page, device);
  await startLesson(page);
  const seconds = await page.locator(".status-word > .icon").evaluate((icon) => parseFloat(getComputedStyle(icon).animationDuration));
  expect(seconds).toBeLessThan(0.01);
});

test("dark is chosen by the system or by hand", async ({ page, device }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await signInTeacher(page, device);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByTestId("menu").click();
  await page.getByRole("button", { name: "浅色" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await expectAccessible(page);
});

test("a page whose chunk is gone after an update offers to reload", async ({ page, device }) => {
  const lesson = device.addLesson();
  await signInTeacher(page, device);
  await page.route(/assets\/LessonPage/, (route) => route.fulfill({ status: 404 }));
  await page.getByTestId(`lesson-${lesson.id}`).or(page.locator(".nav a").nth(1)).first().click();
  await page.getByTestId(`lesson-${lesson.id}`).click();
  await expect(page.getByRole("button", { name: "重新载入" })).toBeVisible();
});
