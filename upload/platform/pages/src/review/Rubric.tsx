// The rubric beside the picture: a level for each piece of evidence, and at least one moment that shows why.
import type { Signal } from "@preact/signals";
import { clock } from "@design/format";
import { Button } from "@design/parts/Button";
import { Icon } from "@design/parts/Icon";
import { ProblemNote } from "@design/parts/Note";
import { Badge } from "@design/parts/Small";
import { sourceName } from "@design/player/AnglePlayer";
import type { SyncedPlayer } from "@design/player/synced";
import { d } from "@design/texts";
import { t } from "../texts";
import type { PieceJudgement, Review, ReviewPiece } from "../types";
import type { JudgementDraft } from "./judgement";

interface RubricProps {
  readonly review: Review;
  readonly draft: JudgementDraft;
  readonly player: SyncedPlayer;
  readonly current: Signal<number>;
}

export function levelName(level: string): string {
  return d.find(`level.${level}`) ?? level;
}

export function citeNow(draft: JudgementDraft, player: SyncedPlayer, title: string): void {
  draft.cite(title, { source: player.shown.peek()[0] ?? player.sources[0] ?? "", at_ms: Math.round(player.now()) });
}

export function Rubric({ review, draft, player, current }: RubricProps) {
  return (
    <section class="rubric" aria-label={t("rubric.title")}>
      <div class="between">
        <h2>{t("rubric.title")}</h2>
        <p class="small quiet num">{t("rubric.judged", { n: draft.judged.value, all: review.pieces.length })}</p>
      </div>
      {review.pieces.map((piece, i) => {
        const judgement = draft.now.value.pieces.find((one) => one.title === piece.title);
        return judgement && <Piece key={piece.title} piece={piece} judgement={judgement} index={i} review={review} draft={draft} player={player} current={current} />;
      })}
    </section>
  );
}

function Piece({ piece, judgement, index, review, draft, player, current }: RubricProps & { piece: ReviewPiece; judgement: PieceJudgement; index: number }) {
  const problem = draft.problems.value.get(piece.title);
  const isCurrent = current.value === index;
  return (
    <div class={`card rubric-piece${isCurrent ? " is-current" : ""}${problem ? " has-problem" : ""}`} data-testid={`piece-${piece.title}`} data-current={isCurrent} onFocusCapture={() => (current.value = index)} onClick={() => (current.value = index)}>
      <div class="between">
        <h3>{piece.title}</h3>
        <span class="wrap">
          <Badge>{d.find(`kind.${piece.kind}`) ?? piece.kind}</Badge>
          <span title={d(`status.${piece.status}.hint`)}><Badge tone={piece.status === "confirmed" ? "ok" : "none"}>{d(`status.${piece.status}`)}</Badge></span>
        </span>
      </div>
      {piece.note && <p class="small quiet">{piece.note}</p>}
      <div class="levels" role="group" aria-label={t("rubric.level-of", { title: piece.title })}>
        {review.levels.map((level, n) => (
          <button key={level} type="button" class="button level" aria-pressed={judgement.level === level} onClick={() => draft.setPiece(piece.title, { level: judgement.level === level ? null : level })} data-testid={`level-${n + 1}`}>
            <kbd aria-hidden="true">{n + 1}</kbd><span>{levelName(level)}</span>
          </button>
        ))}
      </div>
      <div class="moments">
        {judgement.moments.map((moment, n) => (
          <span class="moment" key={`${moment.source}${moment.at_ms}`}>
            <Button kind="plain" class="num" label={t("moment.seek", { at: clock(moment.at_ms, "tenths"), source: sourceName(moment.source) })} onClick={() => { player.pause(); player.seek(moment.at_ms); }}>{clock(moment.at_ms, "tenths")}</Button>
            <Button kind="plain" icon="cross" label={t("moment.drop", { at: clock(moment.at_ms) })} onClick={() => draft.dropMoment(piece.title, n)} />
          </span>
        ))}
        <button type="button" class="button cite" onClick={() => citeNow(draft, player, piece.title)} data-testid="cite"><Icon name="plus" /><span>{t("moment.cite")}</span></button>
      </div>
      <textarea class="input" rows={2} value={judgement.comment} placeholder={t("rubric.why")} aria-label={t("rubric.why-of", { title: piece.title })} onInput={(event) => draft.setPiece(piece.title, { comment: event.currentTarget.value })} />
      {problem && <ProblemNote problem={problem} testId="piece-problem" />}
    </div>
  );
}
