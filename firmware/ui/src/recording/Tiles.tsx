// At most six big tiles, the ability points of today's plan. A tap marks this moment with a minute before and after, a tap on a
// lit tile ends that early; a long press takes the last three minutes. A tile lights up only once the mark is on the recorder's disk.
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem } from "@design/http";
import { d, problemText } from "@design/texts";
import { Icon } from "@design/parts/Icon";
import { showToast } from "@design/parts/Toasts";
import { device } from "../live";
import { pointName, points } from "../session";
import { t } from "../texts";
import type { Mark } from "../types";
import { endNow, kLongPressMs, kLookMs, marks, stored, tap, undo, waitingTaps } from "./taps";

const kLongMs = 600;
const kTwiceMs = 500; // two contacts this close are one finger, or a sleeve
const kFlashMs = 2500;

export function markNow(point: string | null, how: "around" | "last3"): void {
  const id = how === "around" ? tap(point, kLookMs, kLookMs) : tap(point, kLongPressMs, 0);
  if (id === null) return;
  if (navigator.vibrate) navigator.vibrate(how === "around" ? 30 : [30, 60, 30]);
  const name = point === null ? t("marks.unnamed") : pointName(point);
  showToast(t(how === "around" ? "marks.made" : "marks.made-last3", { point: name }), {
    action: { label: d("undo"), run: () => void undo(id).catch((error: unknown) => showToast(problemText(asProblem(error)), { bad: true })) },
  });
}

interface Press {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerUp: () => void;
  readonly onPointerLeave: () => void;
  readonly onPointerCancel: () => void;
  readonly onContextMenu: (event: Event) => void;
  readonly onClick: () => void;
}

function usePress(point: string | null, open: Mark | undefined, setLong: (on: boolean) => void): Press {
  const timer = useRef(0);
  const long = useRef(false);
  const last = useRef(0);
  const end = (): void => {
    clearTimeout(timer.current);
    setLong(false);
  };
  useEffect(() => end, []);
  return {
    onPointerDown: (event) => {
      long.current = false;
      if (!event.isPrimary || event.button !== 0) return;
      setLong(true);
      timer.current = window.setTimeout(() => {
        long.current = true;
        setLong(false);
        markNow(point, "last3");
      }, kLongMs);
    },
    onPointerUp: end,
    onPointerLeave: end,
    onPointerCancel: end,
    onContextMenu: (event) => event.preventDefault(),
    onClick: () => {
      const now = performance.now();
      if (long.current) long.current = false;
      else if (now - last.current > kTwiceMs) {
        last.current = now;
        if (open) endNow(open);
        else markNow(point, "around");
      }
    },
  };
}

export function Tile({ code }: { code: string }) {
  const [pressing, setPressing] = useState(false);
  const now = device.value?.lesson?.elapsed_ms ?? 0;
  const mine = marks.value.filter((mark) => mark.point === code);
  const open = mine.filter((mark) => mark.to_ms > now && mark.at_ms <= now + 5000);
  const press = usePress(code, open[open.length - 1], setPressing);
  const flash = mine.some((mark) => performance.now() - (stored.value.get(mark.id) ?? -kFlashMs) < kFlashMs);
  const waiting = waitingTaps.value.some((one) => one.point === code && !one.refused);
  const lit = open.length > 0 || flash;
  const left = Math.max(0, ...open.map((mark) => (mark.to_ms - now) / Math.max(1, mark.to_ms - mark.at_ms)));
  const point = points.value.get(code);
  return (
    <button type="button" class={`tile${lit ? " is-lit" : ""}${waiting ? " is-waiting" : ""}${pressing ? " is-pressing" : ""}`} data-testid={`tile-${code}`} data-lit={lit} {...press}>
      <span class="tile-code">{code}{lit && <Icon name="check" />}</span>
      <span class="tile-name">{point?.name ?? code}</span>
      <span class="tile-state">{waiting ? t("tile.waiting") : lit && open.length > 0 ? t("tile.lit", { seconds: Math.ceil((Math.max(...open.map((m) => m.to_ms)) - now) / 1000) }) : t("tile.count", { n: mine.length })}</span>
      {lit && <span class="tile-left" style={{ width: `${Math.min(1, left) * 100}%` }} />}
    </button>
  );
}

export function UnnamedTile() {
  const [pressing, setPressing] = useState(false);
  const press = usePress(null, undefined, setPressing);
  const waiting = waitingTaps.value.some((one) => one.point === null && !one.refused);
  return (
    <button type="button" class={`button tile-unnamed${pressing ? " is-pressing" : ""}`} data-testid="tile-unnamed" {...press}>
      <Icon name="mark" />
      <span>{t("tile.unnamed")}<small class="quiet">{waiting ? t("tile.waiting") : t("tile.unnamed-hint")}</small></span>
    </button>
  );
}
