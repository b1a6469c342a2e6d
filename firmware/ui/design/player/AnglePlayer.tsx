import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { clock } from "../format";
import { profile } from "../device";
import { Button } from "../parts/Button";
import { Icon, type IconName } from "../parts/Icon";
import { d } from "../texts";
import type { Angle } from "./angle-video";
import type { SyncedPlayer } from "./synced";

type Layout = "sides" | "corner" | "single";
const kLayouts: readonly { readonly name: Layout; readonly icon: IconName }[] = [
  { name: "sides", icon: "sides" },
  { name: "corner", icon: "corner" },
  { name: "single", icon: "single" },
];
const kRates = [0.5, 1, 1.25, 1.5, 2] as const;

export function sourceName(source: string): string {
  return d.find(`source.${source}`) ?? source;
}

interface AnglePlayerProps {
  readonly player: SyncedPlayer;
  readonly angles: readonly Angle[];
  readonly frames?: boolean;
  // Shown between the pictures and the controls.
  readonly children?: ComponentChildren;
}

export function AnglePlayer({ player, angles, frames, children }: AnglePlayerProps) {
  const stage = useRef<HTMLDivElement>(null);
  const view = useMemo(() => ({ layout: signal<Layout>(profile.value === "phone" ? "corner" : "sides"), main: signal(angles[0]?.source ?? "") }), [player]);
  const several = angles.length > 1;
  const layout: Layout = several ? view.layout.value : "single";
  const main = view.main.value;
  useEffect(() => {
    player.shown.value = layout === "single" ? [main] : angles.map((angle) => angle.source);
  }, [player, layout, main]);
  const swap = (): void => {
    const index = angles.findIndex((angle) => angle.source === view.main.value);
    view.main.value = angles[(index + 1) % angles.length]?.source ?? "";
  };
  const fullScreen = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void stage.current?.requestFullscreen?.().catch(() => undefined);
  };
  return (
    <div class="player" role="region" aria-label={d("player.label")}>
      <div class={`stage is-${layout}`} ref={stage} data-testid="stage" data-main={view.main.value}>
        {angles.map((angle) => (
          <Picture key={angle.source} player={player} angle={angle} main={angle.source === view.main.value} named={several} onTap={several && layout === "corner" && angle.source !== view.main.value ? swap : () => player.toggle()} />
        ))}
        {player.waiting.value && <div class="stage-wait"><span class="spinner" />{d("player.buffering")}</div>}
      </div>
      {player.failed.value.map((source) => (
        <p key={source} class="player-failed" role="alert"><Icon name="warn" />{d("player.failed", { source: sourceName(source) })}</p>
      ))}
      {children}
      <div class="controls">
        <div class="controls-main">
          {frames && <Button kind="plain" icon="earlier" label={d("player.frame-back")} onClick={() => player.step(-1)} />}
          <Button kind="plain" label={`−5 ${d("player.back5")}`} onClick={() => player.seek(player.timeMs.value - 5000)}>−5</Button>
          <Button class="play" icon={player.playing.value ? "pause" : "play"} label={d(player.playing.value ? "player.pause" : "player.play")} testId="play" onClick={() => player.toggle()} />
          <Button kind="plain" label={`+5 ${d("player.on5")}`} onClick={() => player.seek(player.timeMs.value + 5000)}>+5</Button>
          {frames && <Button kind="plain" icon="later" label={d("player.frame-on")} onClick={() => player.step(1)} />}
          <Times player={player} frames={frames ?? false} />
        </div>
        <div class="controls-more">
          <RateButton player={player} />
          <Button kind="plain" icon={player.muted.value ? "mute" : "volume"} label={d(player.muted.value ? "player.unmute" : "player.mute")} onClick={() => player.setMuted(!player.muted.value)} />
          {several && (
            <>
              <div class="segments" role="group" aria-label={d("player.layout")}>
                {kLayouts.map(({ name, icon }) => (
                  <button key={name} type="button" class="button" aria-pressed={layout === name} aria-label={d(`player.layout.${name}`)} title={d(`player.layout.${name}`)} onClick={() => (view.layout.value = name)}>
                    <Icon name={icon} />
                  </button>
                ))}
              </div>
              <Button kind="plain" icon="swap" label={d("player.swap")} testId="swap" onClick={swap} />
            </>
          )}
          <Button kind="plain" icon="full" label={d("player.full")} onClick={fullScreen} />
        </div>
      </div>
    </div>
  );
}

function Times({ player, frames }: { player: SyncedPlayer; frames: boolean }) {
  const now = clock(player.timeMs.value, frames ? "tenths" : "whole");
  return (
    <span class="times num" data-testid="times">
      <b>{now}</b> / {clock(player.durationMs.value)}
    </span>
  );
}

function RateButton({ player }: { player: SyncedPlayer }) {
  const next = (): void => {
    const index = kRates.findIndex((rate) => rate === player.rate.value);
    player.setRate(kRates[(index + 1) % kRates.length] ?? 1);
  };
  return <Button kind="plain" label={`${player.rate.value}× ${d("player.speed", { rate: player.rate.value })}`} onClick={next}>{`${player.rate.value}×`}</Button>;
}

interface PictureProps {
  readonly player: SyncedPlayer;
  readonly angle: Angle;
  readonly main: boolean;
  readonly named: boolean;
  readonly onTap: () => void;
}

function Picture({ player, angle, main, named, onTap }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => (video.current ? player.attach(angle, video.current) : undefined), [player, angle]);
  return (
    <div class={main ? "picture is-main" : "picture"} onClick={onTap}>
      <video ref={video} preload="auto" playsInline aria-label={d("player.angle", { source: sourceName(angle.source) })} data-testid={`video-${angle.source}`} />
      {named && <span class="picture-name" aria-hidden="true">{sourceName(angle.source)}</span>}
    </div>
  );
}
