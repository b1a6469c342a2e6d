// What is promised of the built files and of the language files: small, old engines, complete.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";

const root = join(import.meta.dirname, "../../..");
const www = (page: string): string => join(process.env.SHILU_WWW ?? "", page);
const apps = ["teacher", "assessor"] as const;
const sources = { teacher: "firmware/ui/src", assessor: "upload/platform/pages/src", design: "firmware/ui/design" };

function files(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => ending.test(name)).map((name) => join(folder, name));
}

for (const app of apps) {
  test(`the first screen of the ${app}'s page loads at most 60 KiB of packed script`, () => {
    const html = readFileSync(join(www(app), "index.html"), "utf8");
    const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((found) => found[1] ?? "");
    expect(scripts.length).toBeGreaterThan(0);
    const packed = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(www(app), name)), { level: 9 }).length, 0);
    expect(packed).toBeLessThanOrEqual(60 * 1024);
  });

  test(`the ${app}'s page has nothing that Chrome 80 does not know`, () => {
    const scripts = files(www(app), /\.js$/).map((name) => readFileSync(name, "utf8")).join("\n");
    for (const word of ["replaceAll(", "structuredClone", "randomUUID(", "Object.hasOwn(", "??=", "||=", "&&=", ".findLast(", ".toSorted(", "AbortSignal.timeout", "Array.fromAsync"]) {
      expect.soft(scripts.includes(word), `${word} in the scripts`).toBe(false);
    }
    const styles = files(www(app), /\.css$/).map((name) => readFileSync(name, "utf8")).join("\n");
    for (const word of [":has(", ":is(", ":where(", ":focus-visible", "aspect-ratio", "inset:", "dvh", "accent-color", "color-mix", "@layer", "@container"]) {
      expect.soft(styles.includes(word), `${word} in the styles`).toBe(false);
    }
    const flexGaps = [...styles.matchAll(/\{([^{}]*)\}/g)].map((rule) => rule[1] ?? "").filter((rule) => /display:(inline-)?flex/.test(rule) && /(^|;)gap:/.test(rule));
    expect.soft(flexGaps, "gaps in flex rows came with Chrome 84").toEqual([]);
  });

  test(`each file of the ${app}'s page has its packed copy beside it`, () => {
    const names = files(www(app), /\.(js|css|html|svg)$/);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(readFileSync(`${name}.gz`).subarray(0, 2).toString("hex")).toBe("1f8b");
  });

  test(`the ${app}'s page names no other host`, () => {
    const all = files(www(app), /\.(js|css|html)$/).map((name) => readFileSync(name, "utf8")).join("\n");
    const hosts = [...all.matchAll(/https?:\/\/[^\s"'`)\\]+/g)].map((found) => found[0]).filter((url) => !url.startsWith("http://www.w3.org/"));
    expect(hosts).toEqual([]);
  });
}

for (const [area, folder] of Object.entries(sources)) {
  test(`${area}: both language files have the same keys and the same places to fill`, () => {
    const read = (name: string): Record<string, string> => JSON.parse(readFileSync(join(root, folder, "texts", name), "utf8")) as Record<string, string>;
    const [zh, en] = [read("zh-CN.json"), read("en.json")];
    expect(Object.keys(en)).toEqual(Object.keys(zh));
    const places = (text: string): string[] => [...new Set([...text.split("|")[0]!.matchAll(/\{\w+\}/g)].map((found) => found[0]))].sort();
    for (const key of Object.keys(zh)) expect.soft(places(en[key] ?? ""), key).toEqual(expect.arrayContaining(places(zh[key] ?? "").filter((place) => place !== "{n}")));
    for (const [key, text] of Object.entries({ ...zh, ...en })) expect.soft(text.trim().length, key).toBeGreaterThan(0);
  });

  test(`${area}: no text stands outside the language files`, () => {
    // Names of form fields and levels are data of the programmes; "中" names the language itself; , . have Chinese twins.
    const data = /主题|学科|教学对象|教学重点|教学难点|教学重|教学难|优秀|不合格|合格|中|，|。|？/g;
    for (const name of files(join(root, folder), /\.tsx?$/)) {
      const code = readFileSync(name, "utf8").replace(/\/\/.*$/gm, "").replace(/\/\*[\s\S]*?\*\//g, "").replace(data, "");
      expect.soft(/[\u3400-\u9fff]/.exec(code)?.[0], name).toBeUndefined();
    }
  });
}

for (const folder of ["firmware/ui", "tests/web"]) {
  test(`${folder}: the lock file names no machine's registry`, () => {
    expect(readFileSync(join(root, folder, "package-lock.json"), "utf8")).not.toContain('"resolved"');
  });
}

// The verifier's facts and their values (upload/evidence/verify.h).
const facts: Readonly<Record<string, readonly string[]>> = {
  structure: ['intact', 'altered'],
  contents: ['intact', 'altered', 'cannot-check'],
  seal: ['valid', 'invalid', 'missing', 'cannot-check'],
  device: ['known', 'unknown', 'not-asked', 'cannot-check'],
  certificate: ['valid', 'valid-then', 'expired', 'not-yet', 'cannot-check'],
  revocation: [
    'not-asked', 'not-revoked', 'before-revocation', 'before-revocation-asserted', 'revoked', 'cannot-check'
  ],
  'key-level': ['hardware', 'software', 'altered', 'cannot-check'],
  time: ['bounded', 'not-before', 'not-after', 'unbounded', 'contradicted', 'invalid', 'cannot-check'],
  'device-log': ['consistent', 'rolled-back', 'forked', 'absent'],
  recording: ['signed', 'altered', 'cannot-check'],
  continuity: ['whole', 'whole-with-declared-gaps', 'altered', 'cannot-check'],
  clock: ['synchronised', 'unsynchronised', 'cannot-check'],
  teacher: ['signed-in', 'asserted', 'altered', 'cannot-check'],
  identity: ['sealed', 'withheld', 'absent'],
  tail: ['signed', 'unsigned'],
  receipt: ['valid', 'invalid', 'absent'],
};

test("the assessor's page has words for every fact that the verifier may state", () => {
  const words = JSON.parse(readFileSync(join(root, sources.assessor, "texts/zh-CN.json"), "utf8")) as Record<string, string>;
  for (const [fact, values] of Object.entries(facts)) {
    expect.soft(words[`proof.${fact}`], fact).toBeTruthy();
    for (const value of values) expect.soft(words[`proof.${fact}.${value}`], `${fact} ${value}`).toBeTruthy();
  }
});

test("the pages have words for every reason of a gap", () => {
  const words = JSON.parse(readFileSync(join(root, sources.design, "texts/zh-CN.json"), "utf8")) as Record<string, string>;
  const line = readFileSync(join(root, "docs/ref/journal.md"), "utf8").split("\n").find((one) => one.startsWith("| `gap` |")) ?? "";
  const reasons = [...(line.split("`reason`:")[1] ?? "").matchAll(/`([a-z-]+)`/g)].map((found) => found[1] ?? "");
  expect(reasons.length).toBeGreaterThan(3);
  for (const reason of reasons) expect.soft(words[`gap.reason.${reason}`], reason).toBeTruthy();
});
