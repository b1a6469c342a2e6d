// The line to the platform, above the queue: does it get on, and if not, why and what helps; how fast, and who set that.
import { bytes } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Note } from "@design/parts/Note";
import { device } from "../live";
import { t } from "../texts";
import type { UploadLine } from "../types";
import { troubleText } from "./trouble";

// Beyond this the times in receipts and certificates begin to matter.
const kClockOffSeconds = 120;

export function LineCard() {
  const line = device.value?.upload;
  if (!line) return null;
  return (
    <section class="card stack-tight line-card" data-testid="line">
      <p class="line-state">
        <Icon name="cloud" />
        <b>{t(`line.${line.state}`)}</b>
        {line.queued > 0 && <span class="quiet num">{t("line.queued", { n: line.queued })}</span>}
      </p>
      {line.limit && line.limit.why !== "free" && <p class="small quiet num">{limitText(line.limit)}</p>}
      {line.code && <Note tone="warn" testId="line-trouble"><p>{troubleText(line.code, line.error ?? "")}</p></Note>}
      {Math.abs(line.clock_ahead_s ?? 0) > kClockOffSeconds && <Note tone="warn"><p>{t("line.clock", { minutes: Math.round(Math.abs(line.clock_ahead_s ?? 0) / 60) })}</p></Note>}
    </section>
  );
}

function limitText(limit: NonNullable<UploadLine["limit"]>): string {
  return t(`line.limit.${limit.why}`, { rate: `${bytes(limit.bytes_per_s ?? 0)}/s` });
}
