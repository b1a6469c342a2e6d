// How this screen is held: a touch board on the wall, a phone in the hand, or a desk. It decides sizes (tokens.css), and
// may be overruled by the person or by ?profile=. Also light or dark, and on which side a board's controls stand.
import { computed, effect, signal } from "@preact/signals";
import { readStored, store } from "./storage";

export type Profile = "board" | "phone" | "desk";
export type Theme = "light" | "dark";
export type Side = "left" | "right";

const kProfiles: readonly string[] = ["board", "phone", "desk"];

function watch(query: string) {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  const update = (): void => {
    matches.value = list.matches;
  };
  // Safari 13 and old WebViews know addListener only.
  if (typeof list.addEventListener === "function") list.addEventListener("change", update);
  else list.addListener(update);
  return matches;
}

const narrow = watch("(max-width: 820px)");
const wide = watch("(min-width: 1280px)");
const coarse = watch("(pointer: coarse)");
const dark = watch("(prefers-color-scheme: dark)");
export const reducedMotion = watch("(prefers-reduced-motion: reduce)");

function asked<T extends string>(name: string, allowed: readonly string[]): T | null {
  const value = new URLSearchParams(location.search).get(name) ?? readStored(name);
  return value !== null && allowed.includes(value) ? (value as T) : null;
}

export const chosenProfile = signal<Profile | null>(asked<Profile>("profile", kProfiles));
export const chosenTheme = signal<Theme | null>(asked<Theme>("theme", ["light", "dark"]));
export const side = signal<Side>(asked<Side>("side", ["left", "right"]) ?? "left");

export const profile = computed<Profile>(() => {
  if (chosenProfile.value) return chosenProfile.value;
  if (narrow.value) return "phone";
  return wide.value && coarse.value ? "board" : "desk";
});
export const theme = computed<Theme>(() => chosenTheme.value ?? (dark.value ? "dark" : "light"));

export function remember(): void {
  store("profile", chosenProfile.value);
  store("theme", chosenTheme.value);
  store("side", side.value);
}

effect(() => {
  const root = document.documentElement;
  root.dataset.profile = profile.value;
  root.dataset.theme = theme.value;
  root.dataset.side = side.value;
});

// Old engines lack :focus-visible, so the way of the last input is kept on the root and the outline follows it.
addEventListener("keydown", () => (document.documentElement.dataset.input = "keys"), true);
addEventListener("pointerdown", () => (document.documentElement.dataset.input = "pointer"), true);
