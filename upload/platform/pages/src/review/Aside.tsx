// Two drafts of one review: the newer one is shown, and the assessor says whether the other one counts.
import { Button } from "@design/parts/Button";
import { Note } from "@design/parts/Note";
import { t } from "../texts";
import type { JudgementDraft } from "./judgement";

export function Aside({ draft }: { draft: JudgementDraft }) {
  if (draft.aside.value === null) return null;
  return (
    <Note tone="warn">
      <p data-testid="aside">{t("aside")}</p>
      <div class="actions">
        <Button onClick={() => draft.dropAside()} testId="aside-drop">{t("aside.drop")}</Button>
        <Button onClick={() => draft.takeAside()} testId="aside-take">{t("aside.take")}</Button>
      </div>
    </Note>
  );
}
