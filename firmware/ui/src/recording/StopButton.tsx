import { useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import { HoldButton } from "@design/parts/HoldButton";
import { ProblemNote } from "@design/parts/Note";
import { api } from "../api";
import { t } from "../texts";

const kHoldMs = 1500;

export function StopButton() {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const stop = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.stopForNow();
      // The page changes over when the device says so.
    } catch (error) {
      setProblem(asProblem(error));
      setAsking(true);
      setBusy(false);
    }
  };
  return (
    <>
      <HoldButton icon="stop" label={t("stop")} hint={t("stop.hint")} holdMs={kHoldMs} disabled={busy} onHeld={() => void stop()} onTap={() => setAsking(true)} />
      {asking && (
        <Dialog title={t("stop.ask")} onClose={() => setAsking(false)}>
          <p>{t("stop.means")}</p>
          {problem && <ProblemNote problem={problem} />}
          <div class="actions">
            <Button onClick={() => setAsking(false)}>{t("stop.no")}</Button>
            <Button kind="danger" icon="stop" disabled={busy} onClick={() => void stop()} testId="stop-yes">{t("stop.yes")}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
