// The clip and the papers take the same place. A PDF opens inside the page; anything else is offered as a file.
import type { Signal } from "@preact/signals";
import { bytes } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { api } from "../api";
import { t } from "../texts";
import type { Review, ReviewDocument } from "../types";

export type Shown = "clip" | number;

export function Papers({ review, shown }: { review: Review; shown: Signal<Shown> }) {
  const open = review.documents.find((document) => document.index === shown.value);
  return (
    <>
      <div class="segments papers" role="group" aria-label={t("papers.label")}>
        <button type="button" class="button" aria-pressed={shown.value === "clip"} onClick={() => (shown.value = "clip")}><Icon name="picture" /><span>{t("papers.clip")}</span></button>
        {review.documents.map((document) => (
          <button key={document.index} type="button" class="button" aria-pressed={shown.value === document.index} onClick={() => (shown.value = document.index)} data-testid={`document-${document.index}`}>
            <Icon name="document" /><span>{document.title}</span>
          </button>
        ))}
      </div>
      {open && <Paper review={review} document={open} />}
    </>
  );
}

function Paper({ review, document }: { review: Review; document: ReviewDocument }) {
  const url = api.documentUrl(review.id, document.index);
  const inline = document.media_type === "application/pdf" || document.media_type.startsWith("image/");
  return (
    <section class="paper" aria-label={document.title}>
      {inline && <iframe key={url} class="paper-frame" src={url} title={document.title} data-testid="paper" />}
      <p class="between small">
        <span class="quiet">{document.title} · {bytes(document.size_bytes)}</span>
        <a class="button is-plain" href={url} target="_blank" rel="noopener"><Icon name="next" /><span>{t("papers.open")}</span></a>
      </p>
    </section>
  );
}
