import { useEffect, useState } from "preact/hooks";
import { Button } from "@design/parts/Button";
import { Icon } from "@design/parts/Icon";
import { Note } from "@design/parts/Note";
import { Segments } from "@design/parts/Small";
import { sourceName } from "@design/player/AnglePlayer";
import { api } from "../api";
import { device, runningMarks } from "../live";
import { catalogue, lessonIsMine, teacherName, tiles } from "../session";
import { t } from "../texts";
import type { RunningLesson } from "../types";
import { Alarms } from "./Alarms";
import { AllPoints } from "./AllPoints";
import { LivePicture, videoTrack } from "./LivePicture";
import { MarksList } from "./MarksList";
import { Moments, PrivateMoment } from "./Moments";
import { StatusBlock, TrackTable } from "./StatusBlock";
import { StopButton } from "./StopButton";
import { Stopped } from "./Stopped";
import { markNow, Tile, UnnamedTile } from "./Tiles";

export function RecordingView({ lesson }: { lesson: RunningLesson }) {
  const mine = lessonIsMine.value;
  useEffect(() => {
    if (!mine) return;
    api.lesson(lesson.id).then((whole) => (runningMarks.value = whole.marks), () => undefined);
  }, [lesson.id, mine]);

  if (!mine) return <SomeoneElse lesson={lesson} />;
  const state = device.value?.state;
  if (state === "stopping") return <Stopped lesson={lesson} />;
  return (
    <div class="recording">
      {state === "private" ? <NoPicture /> : <Picture />}
      <div class="recording-facts">
        <StatusBlock lesson={lesson} />
        <Alarms />
        <TrackTable lesson={lesson} />
      </div>
      <div class="recording-marks card"><MarksList /></div>
      {state === "private" ? <div class="recording-tiles"><PrivateMoment lesson={lesson} /></div> : <TilePanel lesson={lesson} />}
      <StopButton />
    </div>
  );
}

function Picture() {
  const [chosen, setChosen] = useState<string | null>(null);
  const pictures = (device.value?.sources ?? []).flatMap((source) => {
    const track = videoTrack(source);
    return track === null ? [] : [{ source: source.name, track }];
  });
  const shown = pictures.find((one) => one.source === chosen) ?? pictures[0];
  return (
    <>
      <div class="recording-picture">
        {shown ? <LivePicture key={shown.track} source={shown.source} track={shown.track} /> : <Note tone="warn">{t("live.none")}</Note>}
      </div>
      {pictures.length > 1 && shown && (
        <div class="recording-switch">
          <Segments label={t("live.switch")} value={shown.source} choices={pictures.map((one) => ({ value: one.source, label: sourceName(one.source) }))} onChoose={setChosen} />
        </div>
      )}
    </>
  );
}

function NoPicture() {
  return <div class="recording-picture"><div class="live is-private"><p class="live-words"><Icon name="pause" />{t("private.no-picture")}</p></div></div>;
}

function TilePanel({ lesson }: { lesson: RunningLesson }) {
  const [all, setAll] = useState(false);
  return (
    <div class="recording-tiles">
      <p class="tiles-hint small quiet">{t("tile.how")}</p>
      <div class="tiles" role="group" aria-label={t("tile.label")}>
        {tiles.value.slice(0, 6).map((code) => <Tile key={code} code={code} />)}
      </div>
      <div class="tiles-more">
        <UnnamedTile />
        <Button icon="plus" onClick={() => setAll(true)} testId="all-points">{t("points.all", { n: catalogue.value?.points.length ?? 0 })}</Button>
      </div>
      <Moments lesson={lesson} />
      {all && (
        <AllPoints
          title={t("points.mark-title")} pickLabel={t("points.mark")} onClose={() => setAll(false)}
          onPick={(code) => { setAll(false); markNow(code, "around"); }}
        />
      )}
    </div>
  );
}

function SomeoneElse({ lesson }: { lesson: RunningLesson }) {
  return (
    <div class="stack page is-narrow">
      <StatusBlock lesson={lesson} />
      {lesson.teacher !== null && <Note tone="info">{t("other.running", { name: teacherName(lesson) })}</Note>}
    </div>
  );
}
