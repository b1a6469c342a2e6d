// The page verify.html: one file that opens from a disk without a network.
import { keysFromFile, type PublicKey } from "./signatures";
import { type Fact, type Report, verifyPackage } from "./verify";
import { type Language, say } from "./words";
import zh from "./texts/zh-CN.json";
import en from "./texts/en.json";
import "./page.css";

type Key = keyof typeof zh;

let language: Language = (new URLSearchParams(location.search).get("lang") ?? navigator.language).toLowerCase().startsWith("en") ? "en" : "zh";
let trusted: readonly PublicKey[] = [];
let trustNote: { readonly key: Key; readonly n: number } | null = null;
let file: File | null = null;
let report: Report | null = null;
let failure = "";
let run = 0; // of the file chosen last

const app = document.getElementById("app")!;

function t(key: Key, params: Readonly<Record<string, string | number>> = {}): string {
  return (language === "en" ? en : zh)[key].replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ""));
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, properties: Partial<HTMLElementTagNameMap[K]>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function toneOf(fact: { readonly good: boolean; readonly bad: boolean }): "good" | "bad" | "open" {
  return fact.bad ? "bad" : fact.good ? "good" : "open";
}

function picker(id: string, label: Key, main: boolean, take: (file: File) => void): HTMLElement {
  const input = element("input", { type: "file", id });
  input.addEventListener("change", () => {
    if (input.files?.[0]) take(input.files[0]);
  });
  return element("label", { className: main ? "file main" : "file" }, t(label), input);
}

function shownFact(fact: Fact): HTMLElement {
  const tone = toneOf(fact);
  const where = fact.clip === 0 ? "" : t("clip", { n: fact.clip });
  const item = element("li", {},
    element("span", { className: "name" }, say(language, "fact", fact.fact)),
    element("span", { className: `value ${tone}`, title: t(tone) }, say(language, "value", fact.value)),
    element("span", { className: "detail" }, where + say(language, "detail", fact.detail)));
  item.dataset["fact"] = fact.fact;
  return item;
}

function shownReport(told: Report): HTMLElement {
  const refuted = [...new Set(told.facts.filter((fact) => fact.bad).map((fact) => fact.fact))];
  const tone = told.integrity.value === "altered" ? "bad" : told.integrity.value.startsWith("intact") ? "good" : "open";
  const names = refuted.map((fact) => say(language, "fact", fact)).join(language === "en" ? ", " : "、");
  return element("section", { id: "report" },
    element("div", { className: `answer ${tone}` },
      element("b", {}, `${say(language, "fact", "integrity")}: ${say(language, "value", told.integrity.value)}`),
      element("p", {}, say(language, "detail", told.integrity.detail)),
      element("p", { id: "refuted" }, refuted.length === 0 ? t("nothing-refuted") : t("refuted", { facts: names }))),
    element("dl", {},
      element("dt", {}, t("package")), element("dd", {}, [told.name, told.point].filter(Boolean).join(" · ") || (file?.name ?? "")),
      element("dt", {}, t("size")), element("dd", {}, t("megabytes", { n: megabytes(told.sizeBytes) })),
      element("dt", {}, t("digest")), element("dd", {}, told.sha256)),
    element("h2", {}, t("facts")),
    element("ul", {}, ...told.facts.map(shownFact)));
}

function draw(): void {
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
  document.title = t("title");
  const other = element("button", { id: "language", type: "button" }, t("language"));
  other.addEventListener("click", () => {
    language = language === "en" ? "zh" : "en";
    draw();
  });
  const note = trustNote ? element("span", { className: "muted", id: "trust-note" }, t(trustNote.key, { n: trustNote.n })) : "";
  app.replaceChildren(
    element("header", {}, element("h1", {}, t("title")), other),
    element("p", { className: "muted" }, t("intro")),
    element("div", { className: "drop", id: "drop" }, picker("package", "choose", true, takePackage), element("span", { className: "muted" }, t("drop"))),
    element("div", {}, picker("trust", "trust", false, takeTrust), " ", note),
    element("div", { id: "state", role: "status" }, failure ? element("p", { className: "bad" }, t("unreadable", { why: failure })) : ""),
    report ? shownReport(report) : "",
  );
}

function showProgress(done: number, all: number): void {
  const bar = element("progress", { max: Math.max(all, 1), value: done });
  bar.setAttribute("aria-label", t("reading", { done: megabytes(done), all: megabytes(all) }));
  document.getElementById("state")?.replaceChildren(element("p", { className: "muted" }, t("reading", { done: megabytes(done), all: megabytes(all) })), bar);
}

async function verify(): Promise<void> {
  if (!file) return;
  const mine = ++run;
  const chosen = file;
  report = null;
  failure = "";
  draw();
  try {
    const told = await verifyPackage(chosen, trusted, (bytes) => {
      if (mine === run) showProgress(bytes, chosen.size);
    });
    if (mine === run) report = told;
  } catch (error) {
    if (mine === run) failure = error instanceof Error ? error.message : String(error);
  }
  if (mine !== run) return;
  draw();
  // For whoever drives the page: the same as `shilu verify --json`.
  Object.assign(window, { shiluReport: report });
}

function takePackage(next: File): void {
  file = next;
  void verify();
}

async function readTrust(from: File): Promise<void> {
  try {
    trusted = keysFromFile(await from.text());
    trustNote = { key: trusted.length === 0 ? "no-keys" : "trusted", n: trusted.length };
  } catch {
    trusted = [];
    trustNote = { key: "no-keys", n: 0 };
  }
  draw();
  await verify();
}
function takeTrust(next: File): void {
  void readTrust(next);
}

for (const kind of ["dragover", "dragleave", "drop"] as const) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.getElementById("drop")?.classList.toggle("over", kind === "dragover");
    const dropped = kind === "drop" ? event.dataTransfer?.files[0] : undefined;
    if (dropped) takePackage(dropped);
  });
}
draw();
