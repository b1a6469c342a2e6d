// Comments at a time. The first key of a comment stops the picture and fixes its time; Enter keeps the comment and goes on. While an
// input method is composing, Enter belongs to it.
import { useRef, useState } from "preact/hooks";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { sourceName } from "@design/player/AnglePlayer";
import type { SyncedPlayer } from "@design/player/synced";
import { t } from "../texts";
import type { JudgementDraft } from "./judgement";

interface Started {
  readonly at_ms: number;
  readonly wasPlaying: boolean;
}

export function Comments({ draft, player }: { draft: JudgementDraft; player: SyncedPlayer }) {
  const [text, setText] = useState("");
  const started = useRef<Started | null>(null);
  const [at, setAt] = useState<number | null>(null);

  const begin = (): void => {
    if (started.current) return;
    started.current = { at_ms: Math.round(player.now()), wasPlaying: player.playing.peek() };
    setAt(started.current.at_ms);
    player.pause();
  };
  const end = (): void => {
    const first = started.current;
    started.current = null;
    setAt(null);
    setText("");
    if (first?.wasPlaying) void player.play();
  };
  const keep = (): void => {
    const first = started.current;
    const words = text.trim();
    if (first && words !== "") draft.addComment({ at_ms: first.at_ms, source: player.shown.peek()[0] ?? player.sources[0] ?? "", text: words });
    end();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.isComposing || event.keyCode === 229) return begin();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      keep();
    } else if (event.key === "Escape") {
      end();
      if (event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      begin();
    }
  };

  return (
    <section class="card stack-tight comments" aria-label={t("comments.title")}>
      <div class="between"><h2>{t("comments.title")} <span class="quiet num">{draft.now.value.comments.length}</span></h2><p class="small quiet desk-only">{t("comments.hint")}</p></div>
      <div class="comment-box">
        <span class={at === null ? "comment-time num" : "comment-time num is-fixed"} data-testid="comment-time">{clock(at ?? player.timeMs.value, "tenths")}</span>
        <textarea
          class="input" rows={1} value={text} aria-label={t("comments.write")} placeholder={t("comments.placeholder")} data-testid="comment"
          onKeyDown={keys} onCompositionStart={begin} onPaste={begin}
          onInput={(event) => { begin(); setText(event.currentTarget.value); if (event.currentTarget.value === "" && started.current) { started.current = null; setAt(null); } }}
        />
        <Button disabled={text.trim() === ""} onClick={keep} testId="comment-keep">{t("comments.keep")}</Button>
      </div>
      <ol data-testid="comments">
        {draft.now.value.comments.map((comment, i) => (
          <li class="comment" key={`${comment.at_ms}-${comment.text}`}>
            <Button kind="plain" class="num" label={t("comments.seek", { at: clock(comment.at_ms) })} onClick={() => { player.pause(); player.seek(comment.at_ms); }}>{clock(comment.at_ms)}</Button>
            <p>{comment.text} <span class="small quiet">{comment.source && sourceName(comment.source)}</span></p>
            <Button kind="plain" icon="bin" label={t("comments.delete", { at: clock(comment.at_ms) })} onClick={() => draft.dropComment(i)} />
          </li>
        ))}
      </ol>
    </section>
  );
}
