import { useEffect, useMemo, useState } from "preact/hooks";
import { clock, dayAndTime } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Badge } from "@design/parts/Small";
import { type Angle, filmsOf } from "@design/player/angle-video";
import { AnglePlayer, sourceName } from "@design/player/AnglePlayer";
import { SyncedPlayer } from "@design/player/synced";
import { Timeline } from "@design/player/Timeline";
import { api } from "../api";
import { t } from "../texts";
import type { Clip, Submission, Verdict } from "../types";
import { levelName, levelTone } from "./StateBadge";

export function VerdictView({ submission, verdict }: { submission: Submission; verdict: Verdict }) {
  const [clip, setClip] = useState<Clip | null>(null);
  useEffect(() => {
    api.lesson(submission.lesson).then((lesson) => setClip(lesson.clips.find((one) => one.id === submission.clip) ?? null), () => undefined);
  }, [submission.id]);
  return (
    <section class="verdict" data-testid="verdict">
      <div class={`verdict-head is-${levelTone(verdict.level)}`}>
        <span class="verdict-seal"><Icon name="star" /></span>
        <div>
          <p class="small">{t("verdict.title")}</p>
          <p class="verdict-level" data-testid="verdict-level">{levelName(verdict.level)}</p>
          <p class="small">{t("verdict.at", { when: dayAndTime(verdict.decided_utc) })}</p>
        </div>
        <ul class="verdict-pieces">
          {verdict.pieces.map((piece) => <li key={piece.title}><span>{piece.title}</span><Badge tone={levelTone(piece.level)}>{levelName(piece.level)}</Badge></li>)}
        </ul>
      </div>
      {clip ? <Reasons submission={submission} verdict={verdict} clip={clip} /> : <ReasonList verdict={verdict} onSeek={() => undefined} />}
    </section>
  );
}

// Times of the reasons are those of the clip that the assessors saw, so it is the clip that plays here.
function Reasons({ submission, verdict, clip }: { submission: Submission; verdict: Verdict; clip: Clip }) {
  const player = useMemo(() => new SyncedPlayer(clip.sources), [clip.id]);
  useEffect(() => () => player.destroy(), [player]);
  const angles: readonly Angle[] = useMemo(() => clip.sources.map((source) => ({ source, films: filmsOf(clip.parts?.[source], (part) => api.clipMedia(submission.lesson, clip.id, source, part)) })), [clip.id]);
  return (
    <div class="lesson-grid">
      <div class="lesson-main">
        <AnglePlayer player={player} angles={angles}>
          <Timeline player={player} durationMs={player.durationMs.value} comments={verdict.reasons.map((reason) => reason.at_ms)} />
        </AnglePlayer>
      </div>
      <aside class="lesson-side"><ReasonList verdict={verdict} onSeek={(ms) => { player.pause(); player.seek(ms); }} /></aside>
    </div>
  );
}

function ReasonList({ verdict, onSeek }: { verdict: Verdict; onSeek: (ms: number) => void }) {
  return (
    <div class="card stack-tight">
      <h2>{t("verdict.reasons")}</h2>
      {verdict.reasons.length === 0 && <p class="quiet">{t("verdict.no-reasons")}</p>}
      <ol class="rows is-plain" data-testid="reasons">
        {verdict.reasons.map((reason, i) => (
          <li key={i}>
            <button type="button" class="reason" onClick={() => onSeek(reason.at_ms)}>
              <span class="reason-time num">{clock(reason.at_ms)}</span>
              <span>
                {reason.text && <b class="reason-text">{reason.text}</b>}
                <span class="small quiet">{[reason.piece, reason.source && sourceName(reason.source)].filter(Boolean).join(" · ")}</span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
