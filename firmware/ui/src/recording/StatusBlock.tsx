// The state in words, colour and figures. "Recording" is said only while the device proves it; the timer counts what is on disk.
import { bytes, clock, timer } from "@design/format";
import { Icon, type IconName } from "@design/parts/Icon";
import { sourceName } from "@design/player/AnglePlayer";
import { connected, device } from "../live";
import { teacherName } from "../session";
import { sourceWhy } from "../sources";
import { t } from "../texts";
import type { RunningLesson, SourceState } from "../types";
import { Meter } from "./Alarms";

export type Proof = "recording" | "private" | "stopping" | "unsure" | "away";

export function proofOf(lesson: RunningLesson, isConnected: boolean): Proof {
  const state = device.value?.state;
  if (!isConnected) return "away";
  if (state === "private" || state === "stopping") return state;
  return lesson.recording_proven ? "recording" : "unsure";
}

const kSigns: Readonly<Record<Proof, IconName>> = { recording: "record", private: "pause", stopping: "stop", unsure: "warn", away: "warn" };
export const signOf = (proof: Proof): IconName => kSigns[proof];

// Why it is not sure, in one sentence: the disk's own trouble, the recorder that is away, or a track that is late.
function unsureWhy(): string {
  const state = device.value;
  if (state?.state !== "fault") return t("status.unsure-why");
  return t(state.fault_code === undefined || state.fault_code === "recorder-away" ? "status.fault-why" : "status.disk-why");
}

export function StatusBlock({ lesson }: { lesson: RunningLesson }) {
  const proof = proofOf(lesson, connected.value);
  return (
    <section class={`status is-${proof}`} aria-label={t("status.label")}>
      <p class="status-word" role="status" data-testid="status-word">
        <Icon name={signOf(proof)} />
        {t(`status.${proof}`)}
      </p>
      <p class="status-time num" data-testid="timer">{timer(lesson.durable_ms)}</p>
      <p class="status-lesson">{[lesson.class_name, lesson.subject, lesson.topic].filter(Boolean).join(" · ") || t("lesson.unnamed")}</p>
      <p class="quiet small">{t("status.by", { name: teacherName(lesson) })}</p>
      <Plan lesson={lesson} />
      {proof === "private" && <p class="small">{t("status.private-why")}</p>}
      {proof === "unsure" && <p class="small" data-testid="unsure-why">{unsureWhy()}</p>}
      {proof === "away" && <p class="small">{t("status.away-why")}</p>}
    </section>
  );
}

// The planned end is only told: a lesson is never ended by it.
function Plan({ lesson }: { lesson: RunningLesson }) {
  const planned = lesson.planned_ms;
  if (planned === undefined || planned === null) return null;
  const left = planned - lesson.elapsed_ms;
  return <p class="small quiet" data-testid="plan">{left >= 0 ? t("plan.left", { left: clock(left) }) : t("plan.over", { over: clock(-left) })}</p>;
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
  const why = sourceWhy(source);
  return (
    <>
      {source.tracks.length === 0 && source.state !== "live" && (
        <tr>
          <th scope="row">{sourceName(source.name)}<span class="badge is-warn">{t(`source.${source.state}`)}</span></th>
          <td class="num">–</td>
          <td class="num">–</td>
        </tr>
      )}
      {source.tracks.map((track) => (
        <tr key={track.name}>
          <th scope="row">
            {sourceName(source.name)} {t(track.name.endsWith(".audio") ? "tracks.audio" : "tracks.video")}
            {track.name.endsWith(".audio") && <Meter track={track.name} />}
            {source.state !== "live" && <span class="badge is-warn">{t(`source.${source.state}`)}</span>}
            {(track.trouble ?? "") !== "" && <span class="badge is-warn">{t(track.trouble === "no-room" ? "track.no-room" : "track.dropping")}</span>}
          </th>
          <td class="num">{bytes(track.bytes)} <span class="quiet desk-only">{clock(track.durable_ms)}</span></td>
          <td class={track.gaps > 0 ? "num has-gaps" : "num"}>{track.gaps}</td>
        </tr>
      ))}
      {why !== undefined && <tr class="tracks-why"><td colSpan={3} data-testid={`why-${source.name}`}>{t("source.told", { source: sourceName(source.name), why })}</td></tr>}
    </>
  );
}
