// Two languages, one file each per area; the Chinese file defines the keys. `makeTexts` returns a `t` whose keys the compiler
// checks. A text may hold two forms, "{n} mark|{n} marks": the second is used when n is not one.
import { effect, signal } from "@preact/signals";
import { readStored, store } from "./storage";

export type Language = "zh-CN" | "en";
export type Params = Readonly<Record<string, string | number>>;
type Texts<K extends string> = Readonly<Record<K, string>>;

export const language = signal<Language>(firstLanguage());

function firstLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? readStored("language") ?? navigator.language;
  return asked.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}

effect(() => {
  document.documentElement.lang = language.value;
});

export function chooseLanguage(next: Language): void {
  language.value = next;
  store("language", next);
}

export function fill(text: string, params: Params | undefined): string {
  const forms = text.split("|");
  const chosen = forms.length === 2 && params?.n !== 1 ? forms[1] : forms[0];
  return (chosen ?? text).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params?.[name];
    return value === undefined ? whole : String(value);
  });
}

export interface Translate<K extends string> {
  (key: K, params?: Params): string;
  // For keys that a server names: undefined when the language files do not know it.
  find(key: string, params?: Params): string | undefined;
}

export function makeTexts<K extends string>(zh: Texts<K>, en: Texts<K>): Translate<K> {
  const current = (): Texts<K> => (language.value === "en" ? en : zh);
  const t = (key: K, params?: Params): string => fill(current()[key], params);
  const find = (key: string, params?: Params): string | undefined => {
    const texts: Readonly<Record<string, string>> = current();
    const text = Object.prototype.hasOwnProperty.call(texts, key) ? texts[key] : undefined;
    return text === undefined ? undefined : fill(text, params);
  };
  return Object.assign(t, { find });
}
