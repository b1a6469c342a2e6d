import { timeOfDay } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { t } from "../texts";
import type { JudgementDraft } from "./judgement";

export function SaveState({ draft }: { draft: JudgementDraft }) {
  const saving = draft.saving.value;
  const icon = saving.state === "saved" ? "check" : saving.state === "saving" ? "cloud" : "warn";
  const words = saving.state === "saved" ? (saving.at ? t("saved.at", { time: timeOfDay(saving.at) }) : t("saved.before")) : t(`saved.${saving.state}`);
  return <p class={`save-state is-${saving.state}`} role="status" data-testid="save-state" data-state={saving.state}><Icon name={icon} />{words}</p>;
}
