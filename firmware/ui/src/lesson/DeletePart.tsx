// A part of the draft that should never have been recorded goes off the disk for good: chosen like a clip's borders, asked once more.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import { ProblemNote } from "@design/parts/Note";
import { showToast } from "@design/parts/Toasts";
import type { SyncedPlayer } from "@design/player/synced";
import { api } from "../api";
import { t } from "../texts";
import type { WholeLesson } from "../types";
import { Border } from "./BorderButtons";
import { clamp, type Borders } from "./clip-draft";

const kFirstLengthMs = 30_000;

interface DeletePartProps {
  readonly lesson: WholeLesson;
  readonly player: SyncedPlayer;
  readonly part: Borders | null;
  readonly setPart: (part: Borders | null) => void;
  readonly onChange: () => Promise<void>;
}

export function DeletePart(props: DeletePartProps) {
  const { lesson, player, part, setPart } = props;
  const [asking, setAsking] = useState(false);
  const within = (borders: Borders, moved?: "from_ms" | "to_ms"): Borders => clamp(borders, moved, lesson.duration_ms, lesson.recorded_from_ms);
  if (!part) {
    const here = player.timeMs.value;
    return <div><Button kind="plain" icon="bin" onClick={() => setPart(within({ from_ms: here, to_ms: here + kFirstLengthMs }))} testId="delete-part">{t("part.begin")}</Button></div>;
  }
  const set = (next: Partial<Borders>): void => setPart(within({ ...part, ...next }, next.to_ms === undefined ? "from_ms" : "to_ms"));
  return (
    <section class="card stack" data-testid="deletion">
      <h2>{t("part.title")} <span class="quiet num">{t("clips.length", { length: clock(part.to_ms - part.from_ms) })}</span></h2>
      <Border which="from_ms" draft={{ now: part, set }} player={player} />
      <Border which="to_ms" draft={{ now: part, set }} player={player} />
      <div class="row-fill">
        <Button icon="play" onClick={() => void player.playRange(Math.max(0, part.from_ms), part.to_ms)}>{t("part.play")}</Button>
        <Button onClick={() => setPart(null)} testId="part-keep">{t("delete.no")}</Button>
      </div>
      <Button kind="danger" icon="bin" wide onClick={() => setAsking(true)} testId="part-ask">{t("part.ask")}</Button>
      {asking && <Ask {...props} part={part} onClose={() => setAsking(false)} />}
    </section>
  );
}

function Ask({ lesson, part, setPart, onChange, onClose }: DeletePartProps & { part: Borders; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const touches = (from_ms: number, to_ms: number): boolean => from_ms < part.to_ms && to_ms > part.from_ms;
  const marks = lesson.marks.filter((mark) => !mark.undone && touches(mark.at_ms, mark.at_ms + 1)).length;
  const clips = lesson.clips.filter((clip) => touches(clip.from_ms, clip.to_ms)).length;
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.deleteRange(lesson.id, part.from_ms, part.to_ms);
      showToast(t("part.done"));
      await onChange();
      setPart(null);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("part.sure", { from: clock(part.from_ms), to: clock(part.to_ms) })} onClose={onClose}>
      <p>{t("part.means")}</p>
      {marks > 0 && <p>{t("delete.marks", { n: marks })}</p>}
      {clips > 0 && <p>{t("part.clips", { n: clips })}</p>}
      {problem && <ProblemNote problem={problem} />}
      <div class="actions">
        <Button onClick={onClose}>{t("delete.no")}</Button>
        <Button kind="danger" icon="bin" disabled={busy} onClick={() => void go()} testId="part-yes">{t(busy ? "delete.busy" : "delete.yes")}</Button>
      </div>
    </Dialog>
  );
}
