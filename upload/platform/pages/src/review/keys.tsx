// The keyboard. Letters work while nothing is being typed; their list is one key away ("?").
import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import type { SyncedPlayer } from "@design/player/synced";
import { d } from "@design/texts";
import { t, type Key } from "../texts";
import type { Review } from "../types";
import { goToNext } from "./HandIn";
import type { JudgementDraft } from "./judgement";
import { citeNow } from "./Rubric";

const kFastest = 2;
const kBackMs = 3000;

interface KeysProps {
  readonly review: Review;
  readonly draft: JudgementDraft;
  readonly player: SyncedPlayer;
  readonly current: Signal<number>;
  readonly onHelp: () => void;
}

// L plays, and again plays faster, up to double; K rests; J goes back a little, playing or not.
function faster(player: SyncedPlayer): void {
  if (player.playing.peek()) player.setRate(Math.min(kFastest, player.rate.peek() + 0.5));
  else void player.play();
}

function rest(player: SyncedPlayer): void {
  player.pause();
  player.setRate(1);
}

function typing(event: KeyboardEvent): boolean {
  const at = event.target;
  return at instanceof HTMLElement && (at.isContentEditable || at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement);
}

export function useKeys({ review, draft, player, current, onHelp }: KeysProps): void {
  useEffect(() => {
    const title = (): string => review.pieces[current.peek()]?.title ?? "";
    const level = (n: number): void => {
      const chosen = review.levels[n - 1];
      if (chosen !== undefined) draft.setPiece(title(), { level: chosen });
    };
    const actions: Readonly<Record<string, () => void>> = {
      j: () => player.seek(player.now() - kBackMs),
      k: () => rest(player),
      l: () => faster(player),
      ",": () => player.step(-1),
      ".": () => player.step(1),
      "，": () => player.step(-1),
      "。": () => player.step(1),
      " ": () => player.toggle(),
      m: () => citeNow(draft, player, title()),
      n: () => void draft.flush().catch(() => undefined).then(() => goToNext(review.id)),
      c: () => document.querySelector<HTMLElement>("[data-testid=comment]")?.focus(),
      "?": onHelp,
      "？": onHelp,
      arrowup: () => (current.value = Math.max(0, current.peek() - 1)),
      arrowdown: () => (current.value = Math.min(review.pieces.length - 1, current.peek() + 1)),
    };
    const onKey = (event: KeyboardEvent): void => {
      if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
      const onButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
      const key = event.key.toLowerCase();
      if (onButton && (key === " " || key === "enter")) return;
      const action = actions[key];
      if (action) {
        event.preventDefault();
        action();
      } else if (/^[1-9]$/.test(key)) {
        level(Number(key));
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [review, draft, player]);
}

const kHelp: readonly (readonly [string, Key])[] = [
  ["L", "keys.l"], ["K", "keys.k"], ["J", "keys.j"], [", .", "keys.frame"], ["␣", "keys.space"], ["1 – 9", "keys.level"], ["↑ ↓", "keys.piece"],
  ["M", "keys.cite"], ["C", "keys.comment"], ["⏎", "keys.enter"], ["N", "keys.next"], ["?", "keys.help"],
];

export function KeysHelp({ onClose }: { review: Review; onClose: () => void }) {
  return (
    <Dialog title={t("keys.title")} onClose={onClose}>
      <dl class="keys">
        {kHelp.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(what)}</dd></div>)}
      </dl>
      <div class="actions"><Button onClick={onClose}>{d("close")}</Button></div>
    </Dialog>
  );
}
