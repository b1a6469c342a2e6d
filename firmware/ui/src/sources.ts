// What the sources say of themselves, for those who can do something about it.
import { t } from "./texts";
import type { SourceState } from "./types";

const kMicrophones = new Set(["alsa", "pulse", "pipewire", "rtsp-sound"]);

const isWithoutPicture = (source: SourceState): boolean => source.picture_missing === true;

// A network source, too, may be a microphone.
export function isForPicture(source: SourceState): boolean {
  const soundAlone = source.tracks.length > 0 && source.tracks.every((track) => track.name.endsWith(".audio"));
  return !kMicrophones.has(source.kind) && (!soundAlone || isWithoutPicture(source));
}
// Before the start a source may not have said yet which tracks it has.
export function givesPicture(source: SourceState): boolean {
  const known = source.tracks.length > 0;
  return source.state === "live" && !isWithoutPicture(source) && (!known || source.tracks.some((track) => track.name.endsWith(".video")));
}

// Why it is not as it should be; undefined: there is nothing more to say than its state.
export const sourceWhy = (source: SourceState): string | undefined => (source.code ? t.find(`source.why.${source.code}`) : undefined);
