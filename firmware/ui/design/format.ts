// Numbers and times as people read them, in the language of the page.
import { language } from "./i18n";

const two = (n: number): string => String(n).padStart(2, "0");

// 83456 -> "1:23", 3723000 -> "1:02:03"; tenths when asked, for borders.
export function clock(ms: number, tenths: "tenths" | "whole" = "whole"): string {
  const sign = ms < 0 ? "−" : "";
  const all = tenths === "tenths" ? Math.round(Math.abs(ms) / 100) : Math.floor(Math.abs(ms) / 1000) * 10;
  const seconds = Math.floor(all / 10);
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const text = h > 0 ? `${h}:${two(m)}:${two(seconds % 60)}` : `${m}:${two(seconds % 60)}`;
  return sign + text + (tenths === "tenths" ? `.${all % 10}` : "");
}

// Always with both minutes' digits, so that a running timer does not jump: "00:07".
export function timer(ms: number): string {
  const text = clock(Math.max(0, ms));
  return text.length === 4 ? `0${text}` : text;
}

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

export function dayAndTime(utc: string): string {
  const when = new Date(utc);
  if (Number.isNaN(when.getTime())) return utc;
  return new Intl.DateTimeFormat(language.value, {
    month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false,
  }).format(when);
}

export function timeOfDay(when: Date): string {
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

export function today(): string {
  return new Intl.DateTimeFormat(language.value, { year: "numeric", month: "long", day: "numeric", weekday: "long" }).format(new Date());
}
