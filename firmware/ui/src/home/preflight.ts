// The five lamps before a lesson, each with one sentence. Only "no picture" and "no disk" block; the rest warn.
import type { IconName } from "@design/parts/Icon";
import { sourceName } from "@design/player/AnglePlayer";
import { givesPicture, isForPicture, sourceWhy } from "../sources";
import type { DeviceState, SourceState } from "../types";
import { t } from "../texts";

export interface Lamp {
  readonly id: "picture" | "sound" | "disk" | "clock" | "upload";
  readonly icon: IconName;
  readonly tone: "ok" | "warn" | "block";
  readonly text: string;
}

const kFewMinutes = 60;
const kNoMinutes = 2;

const hasSound = (source: SourceState): boolean => source.tracks.some((track) => track.name.endsWith(".audio") || track.codec.startsWith("mp4a"));

function picture(state: DeviceState): Lamp {
  const wanted = state.sources.filter(isForPicture);
  const live = wanted.filter(givesPicture);
  const all = wanted.length;
  const tone = live.length === 0 ? "block" : live.length < all ? "warn" : "ok";
  const connecting = wanted.some((source) => source.state === "connecting");
  const told = wanted.find((source) => !givesPicture(source) && sourceWhy(source) !== undefined);
  const text = live.length === all && all > 0 ? t("lamp.picture.ok", { n: all })
    : live.length > 0 ? t("lamp.picture.some", { live: live.length, all })
    : connecting ? t("lamp.picture.connecting") : t("lamp.picture.none");
  if (told === undefined) return { id: "picture", icon: "picture", tone, text };
  const more = t("source.told", { source: sourceName(told.name), why: sourceWhy(told) ?? "" });
  return { id: "picture", icon: "picture", tone, text: t("lamp.picture.and", { text, more }) };
}

// Before the start a source may not have said yet which tracks it has.
function sound(state: DeviceState): Lamp {
  const live = state.sources.filter((source) => source.state === "live");
  const known = live.some((source) => source.tracks.length > 0);
  if (live.some(hasSound)) return { id: "sound", icon: "sound", tone: "ok", text: t("lamp.sound.ok") };
  return { id: "sound", icon: "sound", tone: "warn", text: t(known ? "lamp.sound.none" : "lamp.sound.unknown") };
}

function disk(state: DeviceState): Lamp {
  const minutes = state.disk.minutes_left;
  const tone = minutes <= kNoMinutes ? "block" : minutes < kFewMinutes ? "warn" : "ok";
  const text = minutes <= kNoMinutes ? t("lamp.disk.none")
    : minutes < kFewMinutes ? t("lamp.disk.few", { minutes })
    : minutes < 600 ? t("lamp.disk.ok", { minutes }) : t("lamp.disk.hours", { hours: Math.floor(minutes / 60) });
  return { id: "disk", icon: "disk", tone, text };
}

function clock(state: DeviceState): Lamp {
  return { id: "clock", icon: "clock", tone: state.clock.synchronised ? "ok" : "warn", text: t(state.clock.synchronised ? "lamp.clock.ok" : "lamp.clock.off") };
}

function upload(state: DeviceState): Lamp {
  const { state: how, queued } = state.upload;
  const text = how === "ok" ? (queued > 0 ? t("lamp.upload.sending", { n: queued }) : t("lamp.upload.ok"))
    : how === "waiting" ? (queued > 0 ? t("lamp.upload.waiting", { n: queued }) : t("lamp.upload.ready"))
    : how === "off" ? t("lamp.upload.off") : t("lamp.upload.offline");
  return { id: "upload", icon: "cloud", tone: how === "offline" || how === "off" ? "warn" : "ok", text };
}

export function lamps(state: DeviceState): readonly Lamp[] {
  return [picture(state), sound(state), disk(state), clock(state), upload(state)];
}
