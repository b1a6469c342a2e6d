// What is proven about the recording, in words, each fact on its own line; never one "verified". What cannot be told is said too.
import { Icon, type IconName } from "@design/parts/Icon";
import { t } from "../texts";
import type { ProofFact } from "../types";

type Tone = "good" | "open" | "bad";
const kIcons: Readonly<Record<Tone, IconName>> = { good: "check", open: "unknown", bad: "cross" };

const kGood: ReadonlySet<string> = new Set(["intact", "valid", "known", "signed", "whole", "whole-with-declared-gaps", "synchronised", "signed-in", "sealed", "withheld", "valid-then", "not-revoked", "before-revocation", "hardware", "software", "bounded", "not-before", "not-after", "consistent", "true"]);
// As the verifier means them: these refute; what is in neither set leaves the fact open.
const kBad: ReadonlySet<string> = new Set(["altered", "invalid", "missing", "unknown", "expired", "not-yet", "revoked", "contradicted", "rolled-back", "forked", "false"]);

function toneOf(value: string): Tone {
  if (kGood.has(value)) return "good";
  return kBad.has(value) ? "bad" : "open";
}

function words(fact: ProofFact, value: string): string {
  const ours = t.find(`proof.${fact.fact}.${value}`) ?? (fact.text_key ? (t.find(fact.text_key) ?? t.find(`proof.${fact.text_key}`)) : undefined);
  return ours ?? (fact.detail || t("proof.cannot-tell"));
}

export function Proof({ facts }: { facts: readonly ProofFact[] }) {
  const clips = new Set(facts.map((fact) => fact.clip ?? 0).filter((clip) => clip > 0)).size;
  return (
    <section class="card stack-tight" aria-label={t("proof.title")}>
      <h2>{t("proof.title")}</h2>
      <p class="small quiet">{t("proof.hint")}</p>
      {facts.length === 0 && <p>{t("proof.none")}</p>}
      <dl class="proof" data-testid="proof">
        {facts.map((fact, i) => {
          const value = String(fact.value);
          const tone = toneOf(value);
          const name = t.find(`proof.${fact.fact}`) ?? fact.fact;
          return (
            <div key={i} class={`proof-row is-${tone}`} data-testid={`proof-${fact.fact}`} data-tone={tone}>
              <Icon name={kIcons[tone]} />
              <dt>{name}{clips > 1 && fact.clip ? ` ${fact.clip}` : ""}</dt>
              <dd>
                <b class="sr">{t(`proof.tone.${tone}`)}</b>
                {words(fact, value)}
                {tone !== "good" && fact.detail && fact.detail !== words(fact, value) && <span class="small quiet proof-detail">{fact.detail}</span>}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
