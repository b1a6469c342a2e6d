// A clip that has been submitted: it is shown as it was sent, and cannot be changed.
import { useState } from "preact/hooks";
import { clock } from "@design/format";
import { asProblem, type Problem } from "@design/http";
import { Button } from "@design/parts/Button";
import { Link } from "@design/parts/Link";
import { Note, ProblemNote } from "@design/parts/Note";
import type { SyncedPlayer } from "@design/player/synced";
import { navigate } from "@design/router";
import { api } from "../api";
import { points } from "../session";
import { t } from "../texts";
import type { Clip, Submission } from "../types";
import { StateBadge } from "../submissions/StateBadge";

interface SubmittedProps {
  readonly clip: Clip;
  readonly lesson: string;
  readonly submission: Submission;
  readonly player: SyncedPlayer;
  readonly onChange: () => Promise<void>;
}

export function SubmittedClip({ clip, lesson, submission, player, onChange }: SubmittedProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const again = async (): Promise<void> => {
    try {
      const made = await api.makeClip(lesson, { point: clip.point, from_ms: clip.from_ms, to_ms: clip.to_ms, sources: clip.sources, mark: clip.mark });
      await onChange();
      navigate(`/lessons/${encodeURIComponent(lesson)}/clips/${encodeURIComponent(made.id)}`);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return (
    <section class="card stack clip-panel" data-testid="submitted-clip">
      <div class="between">
        <h2>{clip.point} {points.value.get(clip.point)?.name}</h2>
        <StateBadge submission={submission} />
      </div>
      <p class="num">{clock(clip.from_ms)} – {clock(clip.to_ms)} · {t("clips.length", { length: clock(clip.to_ms - clip.from_ms) })}</p>
      <Button icon="play" wide onClick={() => void player.playRange(clip.from_ms, clip.to_ms)} testId="play-clip">{t("trim.play")}</Button>
      <Note tone="ok">
        <p>{t("submit.already")}</p>
        <p><Link to={`/submissions/${encodeURIComponent(submission.id)}`}>{t("submit.see")}</Link></p>
      </Note>
      <Button icon="scissors" wide onClick={() => void again()} testId="clip-again">{t("submit.another")}</Button>
      {problem && <ProblemNote problem={problem} />}
    </section>
  );
}
