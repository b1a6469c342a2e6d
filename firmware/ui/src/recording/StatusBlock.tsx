// The state in words, colour and figures. "Recording" is said only while the device proves it; the timer counts what is on disk.
import { bytes, clock, timer } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { sourceName } from "@design/player/AnglePlayer";
import { connected, device } from "../live";
import { teacherName } from "../session";
import { t } from "../texts";
import type { RunningLesson, SourceState } from "../types";

export type Proof = "recording" | "unsure" | "away";

export function proofOf(lesson: RunningLesson, isConnected: boolean): Proof {
  if (!isConnected) return "away";
  return lesson.recording_proven ? "recording" : "unsure";
}

export function StatusBlock({ lesson }: { lesson: RunningLesson }) {
  const proof = proofOf(lesson, connected.value);
  return (
    <section class={`status is-${proof}`} aria-label={t("status.label")}>
      <p class="status-word" role="status" data-testid="status-word">
        <Icon name={proof === "recording" ? "record" : "warn"} />
        {t(`status.${proof}`)}
      </p>
      <p class="status-time num" data-testid="timer">{timer(lesson.durable_ms)}</p>
      <p class="status-lesson">{[lesson.class_name, lesson.subject, lesson.topic].filter(Boolean).join(" · ") || t("lesson.unnamed")}</p>
      <p class="quiet small">{t("status.by", { name: teacherName(lesson) })}</p>
      {proof === "unsure" && <p class="small">{t(device.value?.state === "fault" ? "status.fault-why" : "status.unsure-why")}</p>}
      {proof === "away" && <p class="small">{t("status.away-why")}</p>}
    </section>
  );
}

// Per track: bytes on disk and gaps, as they grow.
export function TrackTable({ lesson }: { lesson: RunningLesson }) {
  const sources = device.value?.sources ?? [];
  return (
    <table class="tracks" data-testid="tracks">
      <caption class="sr">{t("tracks.label")}</caption>
      <thead>
        <tr><th scope="col">{t("tracks.track")}</th><th scope="col">{t("tracks.bytes")}</th><th scope="col">{t("tracks.gaps")}</th></tr>
      </thead>
      <tbody>{sources.map((source) => <SourceRows key={source.name} source={source} />)}</tbody>
      <tfoot>
        <tr>
          <th scope="row">{t("tracks.all")}</th>
          <td class="num" data-testid="bytes">{bytes(lesson.bytes)}</td>
          <td class="num">{lesson.gaps}</td>
        </tr>
      </tfoot>
    </table>
  );
}

function SourceRows({ source }: { source: SourceState }) {
  return (
    <>
      {source.tracks.map((track) => (
        <tr key={track.name}>
          <th scope="row">
            {sourceName(source.name)} {t(track.name.endsWith(".audio") ? "tracks.audio" : "tracks.video")}
            {source.state !== "live" && <span class="badge is-warn">{t(`source.${source.state}`)}</span>}
          </th>
          <td class="num">{bytes(track.bytes)} <span class="quiet desk-only">{clock(track.durable_ms)}</span></td>
          <td class={track.gaps > 0 ? "num has-gaps" : "num"}>{track.gaps}</td>
        </tr>
      ))}
    </>
  );
}
