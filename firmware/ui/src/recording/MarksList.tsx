import { asProblem } from "@design/http";
import { clock } from "@design/format";
import { d, problemText } from "@design/texts";
import { Button } from "@design/parts/Button";
import { Badge } from "@design/parts/Small";
import { showToast } from "@design/parts/Toasts";
import { pointName } from "../session";
import { t } from "../texts";
import { forget, marks, undo, waitingTaps } from "./taps";

// Newest first; what is not stored yet stands above, and says so.
export function MarksList() {
  const waiting = waitingTaps.value;
  const list = [...marks.value].sort((a, b) => b.at_ms - a.at_ms);
  const undoOne = (id: string): void => void undo(id).catch((error: unknown) => showToast(problemText(asProblem(error)), { bad: true }));
  return (
    <section class="marks" aria-label={t("marks.title")}>
      <h2>{t("marks.title")} <span class="quiet num">{list.length}</span></h2>
      {waiting.map((one) => (
        <div class="mark-row is-waiting" key={one.id} data-testid="mark-waiting">
          <span class="clip-line">{one.point === null ? t("marks.unnamed") : pointName(one.point)}</span>
          {one.refused
            ? <><Badge tone="bad" icon="warn">{t("marks.refused")}</Badge><Button kind="plain" icon="cross" label={d("close")} onClick={() => forget(one.id)} /></>
            : <Badge tone="warn" icon="warn">{t("marks.waiting")}</Badge>}
        </div>
      ))}
      <ol data-testid="marks">
        {list.map((mark) => (
          <li class="mark-row" key={mark.id}>
            <span class="num quiet">{clock(mark.at_ms)}</span>
            <span class="clip-line">{mark.point === null ? t("marks.unnamed") : pointName(mark.point)}</span>
            <Button kind="plain" icon="undo" label={t("marks.undo", { at: clock(mark.at_ms) })} onClick={() => undoOne(mark.id)} />
          </li>
        ))}
      </ol>
      {list.length === 0 && waiting.length === 0 && <p class="quiet small">{t("marks.none")}</p>}
    </section>
  );
}
