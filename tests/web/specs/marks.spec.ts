// What a tap promises: it lights up only once it is on the recorder's disk, and nothing about it is lost or hidden before.
import { expect, signInTeacher, startLesson, test, texts } from "../fixtures";

const t = texts("teacher", "zh-CN");

test.beforeEach(async ({ page, device }) => {
  await signInTeacher(page, device);
  await startLesson(page);
});

test("a tile lights up only after the mark is stored", async ({ page, device }) => {
  device.holdMarks = true;
  const tile = page.getByTestId("tile-A6");
  await tile.click();
  await expect(tile).toContainText(t["tile.waiting"] ?? "?");
  await expect(tile).toHaveAttribute("data-lit", "false");
  expect(device.running.marks).toHaveLength(0);
  device.holdMarks = false;
  await expect(tile).toHaveAttribute("data-lit", "true");
  expect(device.running.marks).toHaveLength(1);
});

test("while the device is away a tap says so, is kept, and lands where the finger was", async ({ page, device }) => {
  device.web.goDown();
  await expect(page.getByTestId("offline")).toBeVisible();
  await expect(page.getByTestId("status-word")).toHaveText(t["status.away"] ?? "?");
  const tapped = device.elapsed();
  await page.getByTestId("tile-A5").click();
  await expect(page.getByTestId("mark-waiting")).toContainText(t["marks.waiting"] ?? "?");
  await expect(page.getByTestId("tile-A5")).toHaveAttribute("data-lit", "false");
  await expect.poll(() => device.elapsed() - tapped).toBeGreaterThan(2500);
  device.web.comeBack();
  await expect(page.getByTestId("tile-A5")).toHaveAttribute("data-lit", "true", { timeout: 15_000 });
  await expect(page.getByTestId("mark-waiting")).toHaveCount(0);
  await expect(page.getByTestId("offline")).toHaveCount(0);
  expect(Math.abs(device.running.marks[0].at_ms - tapped)).toBeLessThan(700);
});

test("a tap that waits survives a reload of the page, and is stored once", async ({ page, device }) => {
  device.holdMarks = true;
  await page.getByTestId("tile-A7").click();
  await expect(page.getByTestId("mark-waiting")).toHaveCount(1);
  const tapped = device.elapsed();
  await page.reload();
  await expect(page.getByTestId("mark-waiting")).toHaveCount(1);
  device.holdMarks = false;
  await expect(page.getByTestId("tile-A7")).toHaveAttribute("data-lit", "true", { timeout: 15_000 });
  await expect(page.getByTestId("mark-waiting")).toHaveCount(0);
  expect(device.running.marks).toHaveLength(1);
  expect(Math.abs(device.running.marks[0].at_ms - tapped)).toBeLessThan(1000);
});

test("a tap whose lesson has ended is not hidden", async ({ page, device, request }) => {
  device.holdMarks = true;
  await page.getByTestId("tile-A8").click();
  const cookies = await page.context().cookies();
  await request.delete(`${device.url}/api/recording`, { headers: { "X-Shilu-Request": "1", Cookie: cookies.map((c) => `${c.name}=${c.value}`).join("; ") } });
  device.holdMarks = false;
  await page.getByTestId("start").click();
  await expect(page.getByTestId("mark-waiting")).toContainText(t["marks.refused"] ?? "?");
  expect(device.running.marks).toHaveLength(0);
});

test("a tap on a lit tile ends its mark there", async ({ page, device }) => {
  const tile = page.getByTestId("tile-A6");
  await tile.click();
  await expect(tile).toContainText("60");
  await page.waitForTimeout(1500);
  await tile.click();
  await expect.poll(() => device.running.marks.map((mark: { undone: boolean }) => mark.undone)).toEqual([true, false]);
  const [whole, ended] = device.running.marks;
  expect(Math.abs(ended.at_ms - whole.at_ms)).toBeLessThan(300);
  expect(Math.abs(ended.from_ms - whole.from_ms)).toBeLessThan(300);
  expect(ended.to_ms - ended.at_ms).toBeGreaterThan(1200);
  expect(ended.to_ms - ended.at_ms).toBeLessThan(10_000);
  await expect(page.getByTestId("marks").getByRole("listitem")).toHaveCount(1);
  await expect(tile).toHaveAttribute("data-lit", "false");
});

test("undo within eight seconds takes the mark back", async ({ page, device }) => {
  await page.getByTestId("tile-A6").click();
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "true");
  await page.getByRole("status").getByRole("button", { name: "撤销" }).click();
  await expect(page.getByTestId("marks").getByRole("listitem")).toHaveCount(0);
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "false");
  await expect.poll(() => device.running.marks[0].undone).toBe(true);
});

test("undo of a tap that is still on its way leaves no mark", async ({ page, device }) => {
  device.holdMarks = true;
  await page.getByTestId("tile-A6").click();
  await page.getByRole("status").getByRole("button", { name: "撤销" }).click();
  await expect(page.getByTestId("mark-waiting")).toHaveCount(0);
  device.holdMarks = false;
  await expect.poll(() => device.running.marks.filter((mark: { undone: boolean }) => !mark.undone).length).toBe(0);
  await expect.poll(() => device.running.marks.length).toBe(1);
  await expect(page.getByTestId("tile-A6")).toHaveAttribute("data-lit", "false");
});

test("a long press takes the last three minutes", async ({ page, device }) => {
  await page.getByTestId("tile-A12").click({ delay: 900 });
  await expect.poll(() => device.running.marks.length).toBe(1);
  const [mark] = device.running.marks;
  expect(mark.at_ms - mark.from_ms).toBe(180_000);
  expect(mark.to_ms).toBe(mark.at_ms);
});

test("two contacts within half a second are one tap", async ({ page, device }) => {
  await page.getByTestId("tile-B4").dblclick({ delay: 20 });
  await expect(page.getByTestId("tile-B4")).toHaveAttribute("data-lit", "true");
  expect(device.running.marks).toHaveLength(1);
});

test("mark now, name it later", async ({ page, device }) => {
  await page.getByTestId("tile-unnamed").click();
  await expect.poll(() => device.running.marks.length).toBe(1);
  expect(device.running.marks[0].point).toBeNull();
});

test("any point can be marked from the list and put on the tiles, six at most", async ({ page, device }) => {
  await page.getByTestId("all-points").click();
  const star = (code: string) => page.getByTestId(`point-${code}`).getByRole("button").first();
  await expect(star("A1")).toBeDisabled();
  await star("A5").click();
  await star("A1").click();
  await expect.poll(() => device.tiles).toEqual(["A6", "A7", "A8", "A12", "B4", "A1"]);
  await page.getByTestId("point-C2").getByRole("button", { name: "标记 C2" }).click();
  await expect.poll(() => device.running.marks[0]?.point).toBe("C2");
  await expect(page.getByTestId("tile-A1")).toBeVisible();
});
