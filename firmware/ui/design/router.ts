// The address bar is the state of where one is. Paths are real ("/lessons/L1"): the server answers index.html for each.
import { signal } from "@preact/signals";

export const path = signal(location.pathname);

addEventListener("popstate", () => {
  path.value = location.pathname;
});

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === location.pathname) return;
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  path.value = to;
  scrollTo(0, 0);
}

// "/lessons/:lesson" against "/lessons/L1" gives {lesson: "L1"}; null when it does not fit.
export function match(pattern: string, actual: string): Readonly<Record<string, string>> | null {
  const wanted = pattern.split("/");
  const parts = actual.replace(/\/$/, "").split("/");
  if (actual === "/" ? pattern !== "/" : wanted.length !== parts.length) return null;
  const found: Record<string, string> = {};
  for (let i = 0; i < wanted.length; i++) {
    const name = wanted[i] ?? "";
    const part = parts[i] ?? "";
    if (name.startsWith(":")) found[name.slice(1)] = decodeURIComponent(part);
    else if (name !== part) return null;
  }
  return found;
}
