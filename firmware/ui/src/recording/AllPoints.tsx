// Every ability point, searchable, with what is known of its rules; from here a point is marked, or put on today's tiles.
import { useState } from "preact/hooks";
import { asProblem } from "@design/http";
import { d, problemText } from "@design/texts";
import { Button } from "@design/parts/Button";
import { Dialog } from "@design/parts/Dialog";
import { Icon } from "@design/parts/Icon";
import { Badge } from "@design/parts/Small";
import { showToast } from "@design/parts/Toasts";
import { api } from "../api";
import { catalogue, tiles } from "../session";
import { t } from "../texts";
import type { AbilityPoint } from "../types";

export const kMostTiles = 6;

export function StatusBadge({ status }: { status: "confirmed" | "unconfirmed" }) {
  return (
    <span title={d(`status.${status}.hint`)}>
      <Badge tone={status === "confirmed" ? "ok" : "none"} icon={status === "confirmed" ? "check" : "info"}>{d(`status.${status}`)}</Badge>
    </span>
  );
}

async function chooseTiles(next: readonly string[]): Promise<void> {
  const before = tiles.peek();
  tiles.value = next;
  try {
    await api.putTiles(next);
  } catch (error) {
    tiles.value = before;
    showToast(problemText(asProblem(error)), { bad: true });
  }
}

interface AllPointsProps {
  readonly title: string;
  readonly onClose: () => void;
  // Absent: the list is for choosing tiles only.
  readonly onPick?: (code: string) => void;
  readonly pickLabel?: string;
}

export function fits(point: AbilityPoint, wanted: string): boolean {
  const words = wanted.trim().toLowerCase();
  return words === "" || [point.code, point.name, point.dimension, point.environment, point.summary].some((text) => text.toLowerCase().includes(words));
}

export function AllPoints({ title, onClose, onPick, pickLabel }: AllPointsProps) {
  const [wanted, setWanted] = useState("");
  const list = (catalogue.value?.points ?? []).filter((point) => fits(point, wanted));
  return (
    <Dialog title={title} large onClose={onClose}>
      <div class="search">
        <Icon name="search" />
        <input class="input" type="search" value={wanted} aria-label={t("points.search")} placeholder={t("points.search")} onInput={(e) => setWanted(e.currentTarget.value)} />
      </div>
      <p class="hint">{t("points.tiles-hint", { n: tiles.value.length, most: kMostTiles })}</p>
      <ul class="points" data-testid="points">
        {list.map((point) => <PointRow key={point.code} point={point} onPick={onPick} pickLabel={pickLabel} />)}
      </ul>
      {list.length === 0 && <p class="quiet">{t("points.none")}</p>}
      <div class="actions"><Button onClick={onClose}>{d("close")}</Button></div>
    </Dialog>
  );
}

function PointRow({ point, onPick, pickLabel }: { point: AbilityPoint; onPick?: ((code: string) => void) | undefined; pickLabel?: string | undefined }) {
  const isTile = tiles.value.includes(point.code);
  const full = tiles.value.length >= kMostTiles;
  const toggle = (): void => void chooseTiles(isTile ? tiles.value.filter((code) => code !== point.code) : [...tiles.value, point.code]);
  return (
    <li class="point" data-testid={`point-${point.code}`}>
      <div class="point-words">
        <p><b>{point.code}</b> {point.name} <StatusBadge status={point.name_status} /></p>
        <p class="small quiet">{point.environment} · {point.dimension}</p>
      </div>
      <Button kind="plain" icon="star" pressed={isTile} disabled={!isTile && full} label={t(isTile ? "points.untile" : "points.tile", { code: point.code })} onClick={toggle} />
      {onPick && <Button label={`${pickLabel ?? ""} ${point.code}`} onClick={() => onPick(point.code)}>{pickLabel}</Button>}
    </li>
  );
}
