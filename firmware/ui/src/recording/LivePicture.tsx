import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "@design/parts/Icon";
import { sourceName } from "@design/player/AnglePlayer";
import { device, stateAt } from "../live";
import { sourceWhy } from "../sources";
import { t } from "../texts";
import type { SourceState } from "../types";
import { LiveVideo } from "./live-video";

const kStuckMs = 6000;

function lostWords(source: SourceState): string {
  const why = sourceWhy(source);
  return why === undefined ? t("live.lost") : t("live.lost-why", { why });
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
  const lost = state?.state === "lost";
  const last = live?.fragmentAt.value ?? 0;
  const stuck = last > 0 && performance.now() - last > kStuckMs;
  const words = lost ? lostWords(state) : stuck ? t("live.stuck") : live?.state.value === "unsupported" ? t("live.unsupported") : live?.state.value === "playing" ? null : t("live.waiting");
  return (
    <div class="live" data-testid="live">
      <video ref={video} muted playsInline aria-label={t("live.label", { source: sourceName(source) })} data-testid="live-video" />
      <span class="picture-name">{sourceName(source)} · {t("live.now")}</span>
      {words && <p class={lost || stuck ? "live-words is-bad" : "live-words"} role={lost || stuck ? "alert" : undefined}>{(lost || stuck) && <Icon name="warn" />}{words}</p>}
    </div>
  );
}
