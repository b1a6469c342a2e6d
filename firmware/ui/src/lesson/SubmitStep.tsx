// The form's few fields, the checklist, and the one button by which anything leaves this device.
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { readStoredJson, store } from "@design/storage";
import { Button } from "@design/parts/Button";
import type { IconName } from "@design/parts/Icon";
import { Note, ProblemNote } from "@design/parts/Note";
import { Badge, Loading, TextField, type BadgeTone } from "@design/parts/Small";
import type { SyncedPlayer } from "@design/player/synced";
import { navigate } from "@design/router";
import { api } from "../api";
import { t } from "../texts";
import type { CheckItem, Clip, ClipCheck, WholeLesson } from "../types";
import { Notes, useNotes } from "./Notes";

// Members of the submission form, named as the programme's paper names them.
const kFields = ["主题", "学科", "教学对象", "教学重点", "教学难点"] as const;
type Fields = Readonly<Record<string, string>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
}

interface SubmitProps {
  readonly lesson: WholeLesson;
  readonly clip: Clip;
  readonly player: SyncedPlayer;
  readonly onStep: (step: "borders" | "papers") => void;
}

const kTones: Readonly<Record<CheckItem["status"], { tone: BadgeTone; icon: IconName }>> = {
  done: { tone: "ok", icon: "check" },
  warning: { tone: "warn", icon: "warn" },
  missing: { tone: "bad", icon: "cross" },
};

const kLookAgainMs = 3000;

// Where what is missing can be mended.
const kMendedBy: Readonly<Record<string, "borders" | "papers">> = { "clip-too-long": "borders", "gap-inside": "borders", "document-missing": "papers" };

export function SubmitStep({ lesson, clip, player, onStep }: SubmitProps) {
  const slot = `fields.${clip.id}`;
  const [fields, setFields] = useState<Fields>(() => readStoredJson(slot, isFields) ?? { 主题: lesson.topic, 学科: lesson.subject, 教学对象: lesson.class_name, 教学重点: "", 教学难点: "" });
  const notes = useNotes(clip);
  const [check, setCheck] = useState<ClipCheck | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  const look = (): void => void api.checkClip(lesson.id, clip.id).then(setCheck, (error: unknown) => setProblem(asProblem(error)));
  useEffect(look, [clip.id, clip.from_ms, clip.to_ms, clip.point, lesson.documents.length]);
  // The device signs the lesson's end by itself, a little later.
  const unsigned = check?.items.some((item) => item.text_key === "not-signed-yet") ?? false;
  useEffect(() => {
    if (!unsigned) return;
    const again = setInterval(look, kLookAgainMs);
    return () => clearInterval(again);
  }, [unsigned]);

  const change = (name: string, value: string): void => {
    const next = { ...fields, [name]: value };
    setFields(next);
    store(slot, JSON.stringify(next));
  };
  const submit = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const made = await api.submit({ lesson: lesson.id, clip: clip.id, point: clip.point, fields, notes: notes.told });
      store(slot, null);
      notes.forget();
      navigate(`/submissions/${encodeURIComponent(made.id)}`);
    } catch (error) {
      const failure = asProblem(error);
      setProblem(failure);
      if (Array.isArray(failure.body.items)) setCheck({ items: failure.body.items as CheckItem[], can_submit: false });
      setBusy(false);
    }
  };

  return (
    <div class="stack">
      <h3>{t("check.title")}</h3>
      {!check && !problem && <Loading />}
      {check && (
        <ul class="check" data-testid="check">
          {check.items.map((item) => <CheckRow key={item.piece + item.text_key + item.detail} item={item} onStep={onStep} />)}
        </ul>
      )}
      <h3>{t("fields.title")}</h3>
      <p class="hint">{t("fields.hint")}</p>
      {kFields.map((name) => (
        <TextField key={name} label={t(`fields.${name}`)} value={fields[name] ?? ""} onInput={(value) => change(name, value)} {...(name.startsWith("教学重") || name.startsWith("教学难") ? { rows: 2 } : {})} maxLength={500} />
      ))}
      <Notes clip={clip} player={player} notes={notes} />
      {problem && <ProblemNote problem={problem} />}
      <Note><p class="small">{t("submit.means")}</p></Note>
      <Button kind="primary" icon="send" wide disabled={busy || !check?.can_submit} onClick={() => void submit()} testId="submit">{t(busy ? "submit.busy" : "submit")}</Button>
    </div>
  );
}

function CheckRow({ item, onStep }: { item: CheckItem; onStep: (step: "borders" | "papers") => void }) {
  const { tone, icon } = kTones[item.status];
  const words = t.find(`check.${item.text_key}`) ?? item.detail;
  const mend = item.status === "done" ? null : kMendedBy[item.text_key];
  return (
    <li class={`check-row is-${item.status}`} data-testid={`check-${item.status}`}>
      <Badge tone={tone} icon={icon}>{t(`check.${item.status}`)}</Badge>
      <span><b>{item.piece || t("check.recording")}</b>{words && <span class="small quiet check-words">{words}</span>}</span>
      {mend && <Button kind="plain" icon="next" onClick={() => onStep(mend)}>{t("check.mend")}</Button>}
    </li>
  );
}
