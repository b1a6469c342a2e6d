import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "@design/http";
import { clock, dayAndTime } from "@design/format";
import { Icon } from "@design/parts/Icon";
import { Link } from "@design/parts/Link";
import { ProblemNote } from "@design/parts/Note";
import { Badge, Bar, Empty, Loading } from "@design/parts/Small";
import { api } from "./api";
import { t } from "./texts";
import type { QueueItem } from "./types";

const kEveryMs = 15_000;

export function Queue() {
  const [items, setItems] = useState<readonly QueueItem[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const load = (): void => void api.queue().then((all) => { setItems(all); setProblem(null); }, (error: unknown) => setProblem(asProblem(error)));
    load();
    const again = setInterval(load, kEveryMs);
    return () => clearInterval(again);
  }, []);
  const open = items?.filter((item) => item.state !== "done") ?? [];
  const done = items?.filter((item) => item.state === "done") ?? [];
  return (
    <div class="page is-narrow stack">
      <div class="between">
        <h1>{t("nav.queue")}</h1>
        {items && items.length > 0 && <p class="quiet num">{t("queue.progress", { done: done.length, all: items.length })}</p>}
      </div>
      {items && items.length > 0 && <Bar share={done.length / items.length} done={open.length === 0} label={t("queue.progress", { done: done.length, all: items.length })} />}
      {problem && <ProblemNote problem={problem} />}
      {!items && !problem && <Loading />}
      {items?.length === 0 && <Empty icon="inbox"><p>{t("queue.empty")}</p></Empty>}
      {items && items.length > 0 && open.length === 0 && <Empty icon="check"><p>{t("queue.all-done")}</p></Empty>}
      {open.length > 0 && <ul class="queue" data-testid="queue">{open.map((item) => <Row key={item.id} item={item} />)}</ul>}
      {done.length > 0 && (
        <section class="stack-tight">
          <h2>{t("queue.done")}</h2>
          <ul class="queue is-done" data-testid="queue-done">{done.map((item) => <Row key={item.id} item={item} />)}</ul>
        </section>
      )}
    </div>
  );
}

function Row({ item }: { item: QueueItem }) {
  return (
    <li>
      <Link class="queue-row" to={`/review/${encodeURIComponent(item.id)}`} testId={`review-${item.id}`}>
        <span class="queue-point">{item.point}</span>
        <span class="queue-words">
          <b>{item.point_name}</b>
          <span class="small quiet">{t("queue.received", { when: dayAndTime(item.received_utc) })} · {item.programme}</span>
        </span>
        <span class="queue-badges">
          {item.third && <Badge tone="warn" icon="info">{t("queue.third")}</Badge>}
          <Badge tone={item.state === "new" ? "accent" : item.state === "draft" ? "warn" : "ok"}>{t(`queue.state.${item.state}`)}</Badge>
        </span>
        <span class="num quiet queue-length"><Icon name="picture" /> {clock(item.duration_ms)}</span>
        <Icon name="next" />
      </Link>
    </li>
  );
}
