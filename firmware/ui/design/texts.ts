// The texts of what both pages share, and the words for every problem that a server may answer with.
import type { Problem } from "./http";
import { makeTexts } from "./i18n";
import en from "./texts/en.json";
import zh from "./texts/zh-CN.json";

export type DesignKey = keyof typeof zh;
export const d = makeTexts<DesignKey>(zh, en);

// The code's own words; else what the server said; else words for the kind of failure.
export function problemText(problem: Problem): string {
  const params = { seconds: problem.retryAfterSeconds ?? 30 };
  const known = d.find(`problem.${problem.code}`, params);
  if (known !== undefined) return known;
  if (problem.detail !== "") return problem.detail;
  return problem.status >= 500 ? d("problem.internal") : d("problem.other");
}

// The kinds of failure that every server knows: their own words say little, so what the server said stands beside them.
const kGeneral: ReadonlySet<string> = new Set([
  "invalid-argument", "already-exists", "failed-precondition", "permission-denied", "corrupted", "unavailable", "timed-out", "cancelled", "internal",
]);

export function problemAside(problem: Problem): string {
  return kGeneral.has(problem.code) ? problem.detail : "";
}
