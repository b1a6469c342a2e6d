// The running appliance and platform, as `shilu serve-demo --json-file FILE` writes them down; SHILU_DEMO_JSON names that file.
import { readFileSync } from "node:fs";
import { expect, test as base, type Page } from "@playwright/test";

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly pin: string;
}

export interface Demo {
  readonly device_url: string;
  readonly platform_url: string;
  readonly teachers: readonly Account[];
  readonly assessors: readonly Account[];
}

const file = process.env.SHILU_DEMO_JSON;
export const whyNot = "SHILU_DEMO_JSON is not set: start `shilu serve-demo --json-file FILE` and name the file";
export const demo: Demo | null = file ? (JSON.parse(readFileSync(file, "utf8")) as Demo) : null;

// The same promise as against the mocks: nothing leaves the page's own origin, and no error is swallowed.
export function watch(page: Page, own: string): { readonly foreign: string[]; readonly errors: string[] } {
  const seen = { foreign: [] as string[], errors: [] as string[] };
  const host = new URL(own).host;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:", "about:", "chrome:", "chrome-extension:"].includes(url.protocol) && url.host !== host) seen.foreign.push(request.url());
  });
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR_|WebSocket connection/.test(message.text())) seen.errors.push(message.text());
  });
  return seen;
}

export const test = base.extend<{ readonly demo: Demo }>({
  demo: async ({}, use) => {
    base.skip(demo === null, whyNot);
    if (demo) await use({ ...demo, device_url: demo.device_url.replace(/\/$/, ""), platform_url: demo.platform_url.replace(/\/$/, "") });
  },
});

export { expect };
