// What the device hears and sees to be wrong with what it records, and how loud it is.
import { Note } from "@design/parts/Note";
import { sourceName } from "@design/player/AnglePlayer";
import { device, levels } from "../live";
import { t } from "../texts";

const sourceOf = (track: string): string => track.slice(0, track.lastIndexOf("."));

export function Alarms() {
  const alarms = device.value?.alarms ?? [];
  if (alarms.length === 0) return null;
  return (
    <div class="alarms" role="alert" aria-label={t("alarm.label")} data-testid="alarms">
      {alarms.map((alarm) => (
        <Note key={`${alarm.track} ${alarm.kind}`} tone="warn">
          <span data-testid={`alarm-${alarm.kind}`}>{t(`alarm.${alarm.kind}`, { source: sourceName(sourceOf(alarm.track)) })}</span>
        </Note>
      ))}
    </div>
  );
}

const kQuietestDb = -60;

export function Meter({ track }: { track: string }) {
  const level = levels.value.find((one) => one.track === track);
  const share = level ? Math.max(0, Math.min(1, 1 - level.rms_dbfs / kQuietestDb)) : 0;
  return (
    <meter class="meter" min={0} max={1} high={0.9} value={share} aria-label={t("meter.label")} data-testid={`meter-${track}`}>
      {level ? `${Math.round(level.rms_dbfs)} dBFS` : ""}
    </meter>
  );
}
