import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { today } from "@design/format";
import { readStoredJson, store } from "@design/storage";
import { Icon } from "@design/parts/Icon";
import { Note, ProblemNote } from "@design/parts/Note";
import { Loading, Segments, TextField } from "@design/parts/Small";
import { api, type LessonCard } from "../api";
import { device } from "../live";
import { teacher } from "../session";
import { t } from "../texts";
import { RecordingView } from "../recording/RecordingView";
import { lamps, type Lamp } from "./preflight";
import { RecentLessons } from "./RecentLessons";

export function Home() {
  const state = device.value;
  if (!state) return <Loading />;
  if (state.lesson && state.state !== "idle") return <RecordingView lesson={state.lesson} />;
  return (
    <div class="page home">
      <div class="greeting">
        <h1>{t("greeting", { name: teacher.value?.name ?? "" })}</h1>
        <p class="quiet">{today()}</p>
      </div>
      <StartCard lamps={lamps(state)} fault={state.state === "fault"} armed={state.pre_roll?.armed === true} />
      <Preflight lamps={lamps(state)} />
      <RecentLessons />
    </div>
  );
}

function Preflight({ lamps: all }: { lamps: readonly Lamp[] }) {
  return (
    <section class="preflight" aria-label={t("preflight")}>
      <h2>{t("preflight")}</h2>
      <ul class="lamps" data-testid="lamps">
        {all.map((lamp) => (
          <li key={lamp.id} class={`lamp is-${lamp.tone}`} data-testid={`lamp-${lamp.id}`} data-tone={lamp.tone}>
            <span class="lamp-light"><Icon name={lamp.icon} /></span>
            <span>
              <b>{t(`lamp.${lamp.id}`)}<span class="lamp-tone">{t(`lamp.tone.${lamp.tone}`)}</span></b>
              <span class="small">{lamp.text}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

// While the start card is before somebody, the device keeps the last 30 s in memory; it has to be told again and again.
const kArmEveryMs = 10_000;
function useArmed(): void {
  useEffect(() => {
    const arm = (): void => void (document.hidden ? Promise.resolve() : api.arm().catch(() => undefined));
    arm();
    const timer = window.setInterval(arm, kArmEveryMs);
    return () => {
      clearInterval(timer);
      // A lesson that has begun has taken what was kept; else it is wiped.
      if (device.peek()?.state === "idle") void api.disarm().catch(() => undefined);
    };
  }, []);
}

const kPlans = [0, 40, 45, 90] as const;
const kMinuteMs = 60_000;

const kStored = "card";
function isCard(value: unknown): value is LessonCard {
  return typeof value === "object" && value !== null && "subject" in value && "class_name" in value && "topic" in value;
}

function withPlan({ planned_ms: _, ...card }: LessonCard, minutes: number): LessonCard {
  return minutes > 0 ? { ...card, planned_ms: minutes * kMinuteMs } : card;
}

function StartCard({ lamps: all, fault, armed }: { lamps: readonly Lamp[]; fault: boolean; armed: boolean }) {
  useArmed();
  // Class and subject stay what they were in the last lesson of this teacher; the topic is new each time.
  const slot = `${kStored}.${teacher.value?.id ?? ""}`;
  const [card, setCard] = useState<LessonCard>(() => ({ subject: "", class_name: "", ...readStoredJson(slot, isCard), topic: "" }));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const blocked = all.filter((lamp) => lamp.tone === "block");

  const start = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    store(slot, JSON.stringify({ ...card, topic: "" }));
    try {
      await api.start(card);
      // The page changes over when the device says so, not because it was asked to.
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };

  return (
    <section class="card start" aria-label={t("start.title")}>
      <div class="start-words">
        <h2>{t("start.title")}</h2>
        <p class="quiet">{t("start.teacher", { name: teacher.value?.name ?? "" })}</p>
      </div>
      <div class="start-fields">
        <TextField label={t("field.class")} value={card.class_name} placeholder={t("field.class-hint")} maxLength={60} onInput={(class_name) => setCard({ ...card, class_name })} />
        <TextField label={t("field.subject")} value={card.subject} placeholder={t("field.subject-hint")} maxLength={60} list={t("field.subjects").split(" ")} onInput={(subject) => setCard({ ...card, subject })} />
        <TextField label={t("field.topic")} value={card.topic} placeholder={t("field.topic-hint")} maxLength={120} onInput={(topic) => setCard({ ...card, topic })} />
        <Segments
          label={t("field.planned")} value={String((card.planned_ms ?? 0) / kMinuteMs)}
          choices={kPlans.map((minutes) => ({ value: String(minutes), label: minutes === 0 ? t("field.planned-none") : t("field.planned-minutes", { n: minutes }) }))}
          onChoose={(minutes) => setCard(withPlan(card, Number(minutes)))}
        />
      </div>
      <div class="start-go">
        {problem && <ProblemNote problem={problem} />}
        {!problem && blocked.map((lamp) => <Note key={lamp.id} tone="bad"><p>{lamp.text}</p></Note>)}
        {fault && <Note tone="bad"><p>{t("start.fault")}</p></Note>}
        <button type="button" class="button is-primary start-button" disabled={busy || blocked.length > 0} onClick={() => void start()} data-testid="start">
          {busy ? <span class="spinner" /> : <Icon name="record" />}
          <span>{t(busy ? "start.busy" : "start.go")}</span>
        </button>
        <p class="small quiet">{t("start.private")}</p>
        {armed && <p class="small armed" role="status" data-testid="armed"><Icon name="record" />{t("start.armed")}</p>}
      </div>
    </section>
  );
}
