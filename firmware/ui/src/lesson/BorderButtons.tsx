// Trimming by taps, beside the drag handles: step by a second, or set a border where the player stands. The counter tells how much
// of the point's limit is used.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { Note, ProblemNote } from "@design/parts/Note";
import { Bar } from "@design/parts/Small";
import { sourceName } from "@design/player/AnglePlayer";
import type { SyncedPlayer } from "@design/player/synced";
import { api } from "../api";
import { points } from "../session";
import { t } from "../texts";
import type { Clip, WholeLesson } from "../types";
import type { ClipDraft } from "./clip-draft";
import { picturesOf } from "./LessonPage";

interface BorderProps {
  readonly lesson: WholeLesson;
  readonly clip: Clip;
  readonly draft: ClipDraft;
  readonly player: SyncedPlayer;
  readonly onChange: () => Promise<void>;
}

export function BorderButtons(props: BorderProps) {
  const { draft, player } = props;
  return (
    <div class="stack">
      <Border which="from_ms" draft={draft} player={player} />
      <Border which="to_ms" draft={draft} player={player} />
      <div class="row-fill">
        <Button icon="play" onClick={() => void player.playRange(draft.now.from_ms, draft.now.to_ms)} testId="play-clip">{t("trim.play")}</Button>
        <Button icon="play" onClick={() => void player.playRange(Math.max(draft.now.from_ms, draft.now.to_ms - 3000), draft.now.to_ms)}>{t("trim.play-end")}</Button>
      </div>
      <Limit {...props} />
      <Angles {...props} />
      <div class="between">
        <p class="small quiet" role="status" data-testid="clip-saved">{t(`saving.${draft.saving}`)}</p>
        {draft.changed && <Button kind="plain" icon="undo" onClick={draft.restore}>{t("trim.restore")}</Button>}
      </div>
      {draft.problem && <ProblemNote problem={draft.problem} />}
    </div>
  );
}

interface OneBorderProps {
  readonly which: "from_ms" | "to_ms";
  readonly draft: Pick<ClipDraft, "now" | "set">;
  readonly player: SyncedPlayer;
}

export function Border({ which, draft, player }: OneBorderProps) {
  const start = which === "from_ms";
  const move = (ms: number): void => {
    draft.set({ [which]: ms });
    player.seek(Math.max(0, ms));
  };
  const name = t(start ? "trim.start" : "trim.end");
  return (
    <div class="border-row" role="group" aria-label={name}>
      <span class="label small">{name}</span>
      <Button label={`−1 s ${t("trim.earlier", { name })}`} onClick={() => move(draft.now[which] - 1000)}>−1 s</Button>
      <output class="border-time num" data-testid={start ? "start-time" : "end-time"}>{clock(draft.now[which], "tenths")}</output>
      <Button label={`+1 s ${t("trim.later", { name })}`} onClick={() => move(draft.now[which] + 1000)}>+1 s</Button>
      <Button class="border-here" onClick={() => draft.set({ [which]: player.now() })} testId={start ? "start-here" : "end-here"}>{t(start ? "trim.start-here" : "trim.end-here")}</Button>
    </div>
  );
}

function Limit({ clip, draft }: BorderProps) {
  const piece = points.value.get(clip.point)?.evidence.find((one) => one.kind === "video");
  const length = draft.now.to_ms - draft.now.from_ms;
  if (!piece) return <Note tone="warn"><p>{t("limit.no-video")}</p></Note>;
  if (!piece.max_minutes) return <p>{t("clips.length", { length: clock(length) })}</p>;
  const most = piece.max_minutes * 60_000;
  const over = length > most;
  return (
    <div class="stack-tight" data-testid="limit">
      <div class="between">
        <span>{t("limit.used", { length: clock(length), most: clock(most) })}</span>
        <b class={over ? "is-over" : "quiet"}>{over ? t("limit.over", { by: clock(length - most) }) : t("limit.left", { left: clock(most - length) })}</b>
      </div>
      <Bar share={length / most} label={t("limit.label")} />
      {piece.status === "unconfirmed" && <p class="small quiet">{t("limit.default")}</p>}
    </div>
  );
}

// Which angles go into the package: at least one.
function Angles({ lesson, clip, onChange }: BorderProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const all = picturesOf(lesson.tracks);
  if (all.length < 2) return null;
  const toggle = (source: string): void => {
    const next = clip.sources.includes(source) ? clip.sources.filter((one) => one !== source) : all.filter((one) => one === source || clip.sources.includes(one));
    if (next.length > 0) void api.changeClip(lesson.id, clip.id, { sources: next }).then(onChange, (error: unknown) => setProblem(asProblem(error)));
  };
  return (
    <div class="field">
      <span class="label">{t("clip.angles")}</span>
      <div class="row-fill" role="group" aria-label={t("clip.angles")}>
        {all.map((source) => (
          <Button key={source} icon={clip.sources.includes(source) ? "check" : undefined} pressed={clip.sources.includes(source)} onClick={() => toggle(source)}>{sourceName(source)}</Button>
        ))}
      </div>
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
