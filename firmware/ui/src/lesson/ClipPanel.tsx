// One clip made ready in three steps: its borders and its point, the papers that the point asks for, check and submit.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { Button } from "@design/parts/Button";
import { ProblemNote } from "@design/parts/Note";
import type { SyncedPlayer } from "@design/player/synced";
import { api } from "../api";
import { AllPoints, StatusBadge } from "../recording/AllPoints";
import { points } from "../session";
import { t } from "../texts";
import type { Clip, WholeLesson } from "../types";
import { BorderButtons } from "./BorderButtons";
import type { ClipDraft } from "./clip-draft";
import { Materials } from "./Materials";
import { SubmitStep } from "./SubmitStep";

const kSteps = ["borders", "papers", "submit"] as const;
type Step = (typeof kSteps)[number];

interface ClipPanelProps {
  readonly lesson: WholeLesson;
  readonly clip: Clip;
  readonly draft: ClipDraft;
  readonly player: SyncedPlayer;
  readonly onChange: () => Promise<void>;
}

export function ClipPanel(props: ClipPanelProps) {
  const [step, setStep] = useState<Step>("borders");
  const next = kSteps[kSteps.indexOf(step) + 1];
  const go = async (to: Step): Promise<void> => {
    await props.draft.settle();
    setStep(to);
  };
  return (
    <section class="card stack clip-panel">
      <PointChoice {...props} />
      <ol class="steps">
        {kSteps.map((name, i) => (
          <li key={name}>
            <button type="button" class="step" aria-current={step === name ? "step" : undefined} onClick={() => void go(name)} data-testid={`step-${name}`}>
              <span class="step-number">{i + 1}</span>{t(`step.${name}`)}
            </button>
          </li>
        ))}
      </ol>
      {step === "borders" && <BorderButtons {...props} />}
      {step === "papers" && <Materials lesson={props.lesson} clip={props.clip} onChange={props.onChange} />}
      {step === "submit" && <SubmitStep lesson={props.lesson} clip={props.clip} player={props.player} onStep={(to) => void go(to)} />}
      {next && <Button kind="primary" icon="next" wide onClick={() => void go(next)} testId="next-step">{t(`step.to-${next as "papers" | "submit"}`)}</Button>}
    </section>
  );
}

function PointChoice({ lesson, clip, onChange }: ClipPanelProps) {
  const [choosing, setChoosing] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const point = points.value.get(clip.point);
  const choose = (code: string): void => {
    setChoosing(false);
    void api.changeClip(lesson.id, clip.id, { point: code }).then(onChange, (error: unknown) => setProblem(asProblem(error)));
  };
  return (
    <div class="point-choice">
      <div>
        <h2>{clip.point} {point?.name}</h2>
        {point && <p class="small quiet">{point.environment} · {point.dimension} <StatusBadge status={point.name_status} /></p>}
      </div>
      <Button onClick={() => setChoosing(true)} testId="change-point">{t("clip.change-point")}</Button>
      {problem && <ProblemNote problem={problem} />}
      {choosing && <AllPoints title={t("points.clip-title")} pickLabel={t("points.choose")} onClose={() => setChoosing(false)} onPick={choose} />}
    </div>
  );
}
