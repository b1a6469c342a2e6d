// Marks become clips here; the clips lead to their own page.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { Link } from "@design/parts/Link";
import { Icon } from "@design/parts/Icon";
import { ProblemNote } from "@design/parts/Note";
import { Badge } from "@design/parts/Small";
import type { SyncedPlayer } from "@design/player/synced";
import { navigate } from "@design/router";
import { api } from "../api";
import { AllPoints } from "../recording/AllPoints";
import { pointName } from "../session";
import { StateBadge } from "../submissions/StateBadge";
import { t } from "../texts";
import type { Clip, Mark, Submission, WholeLesson } from "../types";
import { clamp } from "./clip-draft";
import { useSubmissions } from "./use-submissions";

const kAroundMs = 60_000;

interface DraftPanelProps {
  readonly lesson: WholeLesson;
  readonly player: SyncedPlayer;
  readonly sources: readonly string[];
  readonly onChange: () => Promise<void>;
}

interface Wish {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly mark: string | null;
}

export function DraftPanel({ lesson, player, sources, onChange }: DraftPanelProps) {
  const [naming, setNaming] = useState<Wish | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submissions = useSubmissions();
  const marks = lesson.marks.filter((mark) => !mark.undone);

  const make = async (point: string, wish: Wish): Promise<void> => {
    setNaming(null);
    setProblem(null);
    try {
      const borders = clamp(wish, undefined, lesson.duration_ms);
      const clip = await api.makeClip(lesson.id, { point, ...borders, mark: wish.mark, sources });
      await onChange();
      navigate(`/lessons/${encodeURIComponent(lesson.id)}/clips/${encodeURIComponent(clip.id)}`);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const fromMark = (mark: Mark): void => {
    const wish: Wish = { from_ms: mark.from_ms, to_ms: mark.to_ms, mark: mark.id };
    if (mark.point === null) setNaming(wish);
    else void make(mark.point, wish);
  };
  const fromHere = (): void => {
    const at = player.timeMs.value;
    setNaming({ from_ms: at - kAroundMs, to_ms: at + kAroundMs, mark: null });
  };

  return (
    <div class="stack">
      {problem && <ProblemNote problem={problem} />}
      <section class="card stack-tight">
        <h2>{t("marks.title")} <span class="quiet num">{marks.length}</span></h2>
        {marks.length === 0 && <p class="quiet">{t("marks.none-after")}</p>}
        <ul class="rows is-plain" data-testid="draft-marks">
          {marks.map((mark) => <MarkRow key={mark.id} mark={mark} clip={lesson.clips.find((clip) => clip.mark === mark.id)} lesson={lesson} onSeek={() => player.seek(mark.at_ms)} onMake={() => fromMark(mark)} />)}
        </ul>
        <Button icon="scissors" wide onClick={fromHere} testId="clip-here">{t("clips.here")}</Button>
      </section>
      <section class="card stack-tight">
        <h2>{t("clips.title")} <span class="quiet num">{lesson.clips.length}</span></h2>
        {lesson.clips.length === 0 && <p class="quiet">{t("clips.none")}</p>}
        <ul class="rows is-plain" data-testid="clips">
          {lesson.clips.map((clip) => <ClipRow key={clip.id} lesson={lesson} clip={clip} submissions={submissions.filter((one) => one.clip === clip.id)} onChange={onChange} />)}
        </ul>
      </section>
      {naming && <AllPoints title={t("points.clip-title")} pickLabel={t("points.choose")} onClose={() => setNaming(null)} onPick={(code) => void make(code, naming)} />}
    </div>
  );
}

function MarkRow({ mark, clip, lesson, onSeek, onMake }: { mark: Mark; clip: Clip | undefined; lesson: WholeLesson; onSeek: () => void; onMake: () => void }) {
  return (
    <li class="draft-row">
      <Button kind="plain" class="num" label={t("marks.seek", { at: clock(mark.at_ms) })} onClick={onSeek}>{clock(mark.at_ms)}</Button>
      <span class="draft-name">{mark.point === null ? t("marks.unnamed") : pointName(mark.point)}</span>
      {clip
        ? <Link class="button is-plain" to={`/lessons/${encodeURIComponent(lesson.id)}/clips/${encodeURIComponent(clip.id)}`}><Icon name="check" /><span>{t("marks.has-clip")}</span></Link>
        : <Button icon="scissors" onClick={onMake} label={t("marks.make-clip-of", { at: clock(mark.at_ms), point: mark.point ?? "" })}>{t("marks.make-clip")}</Button>}
    </li>
  );
}

// A clip that was submitted once stays: what was submitted speaks of it.
function ClipRow({ lesson, clip, submissions, onChange }: { lesson: WholeLesson; clip: Clip; submissions: readonly Submission[]; onChange: () => Promise<void> }) {
  const submission = submissions.find((one) => one.state !== "withdrawn");
  const [problem, setProblem] = useState<Problem | null>(null);
  const remove = (): void => void api.deleteClip(lesson.id, clip.id).then(onChange, (error: unknown) => setProblem(asProblem(error)));
  return (
    <li class="draft-row" data-testid={`clip-${clip.id}`}>
      <Link class="clip-link" to={`/lessons/${encodeURIComponent(lesson.id)}/clips/${encodeURIComponent(clip.id)}`}>
        <b>{pointName(clip.point)}</b>
        <span class="small quiet num">{clock(clip.from_ms)} – {clock(clip.to_ms)} · {t("clips.length", { length: clock(clip.to_ms - clip.from_ms) })}</span>
        {submission && <StateBadge submission={submission} />}
        {!submission && <Badge>{t("clips.draft")}</Badge>}
      </Link>
      {submissions.length === 0 && <Button kind="plain" icon="bin" label={t("clips.delete", { point: clip.point })} onClick={remove} />}
      {problem && <ProblemNote problem={problem} />}
    </li>
  );
}
