import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "@design/parts/Icon";
import { sourceName } from "@design/player/AnglePlayer";
import { device, stateAt } from "../live";
import { sourceWhy } from "../sources";
import { t } from "../texts";
import type { SourceState } from "../types";
import { LiveVideo } from "./live-video";

const kStuckMs = 6000;

// Of a source that gives no picture; undefined: it gives one, or will.
function wordsWithout(source: SourceState | undefined): string | undefined {
  const why = source && sourceWhy(source);
  if (source?.state === "lost") return why === undefined ? t("live.lost") : t("live.lost-why", { why });
  if (source?.picture_missing) return why === undefined ? t("live.none") : t("live.none-why", { why });
  return undefined;
}
function wordsOf(live: LiveVideo | null): string | null {
  if (live?.state.value === "unsupported") return t("live.unsupported");
  return live?.state.value === "playing" ? null : t("live.waiting");
}

export function videoTrack(source: SourceState): string | null {
  const track = source.tracks.find((one) => one.width !== undefined && one.width > 0) ?? source.tracks.find((one) => one.name.endsWith(".video"));
  return track?.name ?? null;
}

// Keyed by its track from outside: another track is another picture.
export function LivePicture({ source, track }: { source: string; track: string }) {
  const video = useRef<HTMLVideoElement>(null);
  const [live, setLive] = useState<LiveVideo | null>(null);
  useEffect(() => {
    if (!video.current) return;
    const made = new LiveVideo(video.current, track);
    setLive(made);
    return () => made.close();
  }, [track]);

  stateAt.value; // looked at again with every state of the device
  const state = device.value?.sources.find((one) => one.name === source);
  const without = wordsWithout(state);
  const last = live?.fragmentAt.value ?? 0;
  const stuck = last > 0 && performance.now() - last > kStuckMs;
  const trouble = without ?? (stuck ? t("live.stuck") : undefined);
  const words = trouble ?? wordsOf(live);
  return (
    <div class="live" data-testid="live">
      <video ref={video} muted playsInline aria-label={t("live.label", { source: sourceName(source) })} data-testid="live-video" />
      <span class="picture-name">{sourceName(source)} · {t("live.now")}</span>
      {words && <p class={trouble ? "live-words is-bad" : "live-words"} role={trouble ? "alert" : undefined}>{trouble && <Icon name="warn" />}{words}</p>}
    </div>
  );
}
