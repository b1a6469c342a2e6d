// The clip's surroundings, magnified, with two handles: drag them, or move them with the arrow keys (1 s; with Shift 0.1 s).
import { useRef, useState } from "preact/hooks";
import { clock } from "@design/format";
import type { SyncedPlayer } from "@design/player/synced";
import { api } from "../api";
import { t } from "../texts";
import type { WholeLesson } from "../types";
import type { Borders, ClipDraft } from "./clip-draft";

const kThumbs = 8;

// The window stays where it is while a handle is dragged; otherwise the ground would move under the finger.
function windowOf(now: Borders, beginMs: number, durationMs: number): Borders {
  const margin = Math.max(5000, (now.to_ms - now.from_ms) * 0.35);
  return { from_ms: Math.max(beginMs, now.from_ms - margin), to_ms: Math.min(durationMs, now.to_ms + margin) };
}

export function TrimStrip({ lesson, player, draft }: { lesson: WholeLesson; player: SyncedPlayer; draft: ClipDraft }) {
  const strip = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState<Borders | null>(null);
  const shown = held ?? windowOf(draft.now, lesson.recorded_from_ms ?? 0, lesson.duration_ms);
  const length = Math.max(1, shown.to_ms - shown.from_ms);
  const percent = (ms: number): number => Math.min(100, Math.max(0, ((ms - shown.from_ms) / length) * 100));
  const timeAt = (event: PointerEvent): number => {
    const box = strip.current?.getBoundingClientRect();
    return box && box.width > 0 ? shown.from_ms + ((event.clientX - box.left) / box.width) * length : shown.from_ms;
  };

  const handle = (which: "from_ms" | "to_ms") => {
    const label = t(which === "from_ms" ? "trim.start" : "trim.end");
    const move = (ms: number): void => {
      draft.set({ [which]: ms });
      player.seek(Math.max(0, ms));  // the lesson's movie begins at the press
    };
    return (
      <div
        class={`trim-handle is-${which === "from_ms" ? "start" : "end"}`} style={{ left: `${percent(draft.now[which])}%` }}
        role="slider" tabIndex={0} aria-label={label} data-testid={`trim-${which === "from_ms" ? "start" : "end"}`}
        aria-valuemin={Math.round((lesson.recorded_from_ms ?? 0) / 1000)} aria-valuemax={Math.round(lesson.duration_ms / 1000)} aria-valuenow={Math.round(draft.now[which] / 1000)} aria-valuetext={clock(draft.now[which], "tenths")}
        onPointerDown={(event) => {
          event.stopPropagation();
          event.currentTarget.setPointerCapture(event.pointerId);
          player.pause();
          setHeld(shown);
        }}
        onPointerMove={(event) => held && move(timeAt(event))}
        onPointerUp={() => setHeld(null)}
        onPointerCancel={() => setHeld(null)}
        onKeyDown={(event) => {
          const step = (event.shiftKey ? 100 : 1000) * (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
          if (step === 0) return;
          event.preventDefault();
          move(draft.now[which] + step);
        }}
      >
        <span />
      </div>
    );
  };

  return (
    <div class="trim" data-testid="trim">
      <div class="trim-strip" ref={strip} onPointerDown={(event) => player.seek(Math.max(0, timeAt(event)))}>
        <div class="tl-thumbs" aria-hidden="true">
          {Array.from({ length: kThumbs }, (_, i) => (
            <img key={`${i}-${Math.round(shown.from_ms / 1000)}`} src={api.thumbnail(lesson.id, Math.round((shown.from_ms + ((i + 0.5) / kThumbs) * length) / 500) * 500)} alt="" draggable={false} onError={(e) => (e.currentTarget.style.visibility = "hidden")} />
          ))}
        </div>
        <span class="trim-out" style={{ left: 0, width: `${percent(draft.now.from_ms)}%` }} />
        <span class="trim-out" style={{ left: `${percent(draft.now.to_ms)}%`, right: 0 }} />
        <span class="trim-in" style={{ left: `${percent(draft.now.from_ms)}%`, width: `${percent(draft.now.to_ms) - percent(draft.now.from_ms)}%` }} />
        {player.timeMs.value >= shown.from_ms && player.timeMs.value <= shown.to_ms && <span class="tl-head" style={{ left: `${percent(player.timeMs.value)}%` }} />}
        {handle("from_ms")}
        {handle("to_ms")}
      </div>
      <div class="trim-scale num small quiet" aria-hidden="true"><span>{clock(shown.from_ms)}</span><span>{clock(shown.to_ms)}</span></div>
    </div>
  );
}
