// What the sources say of themselves, for those who can do something about it.
import { t } from "./texts";
import type { SourceState } from "./types";

const kMicrophones = new Set(["alsa", "pulse", "pipewire"]);

export const isForPicture = (source: SourceState): boolean => !kMicrophones.has(source.kind);
export const givesPicture = (source: SourceState): boolean => isForPicture(source) && source.state === "live" && source.code !== "no-key";

// Why it is not as it should be; undefined: there is nothing more to say than its state.
export const sourceWhy = (source: SourceState): string | undefined => (source.code ? t.find(`source.why.${source.code}`) : undefined);
