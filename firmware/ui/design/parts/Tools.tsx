// What stands on every page: the language switch, and how this screen looks.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { chosenProfile, chosenTheme, profile, remember, side } from "../device";
import { chooseLanguage, language } from "../i18n";
import { d } from "../texts";
import { Button } from "./Button";
import { Icon } from "./Icon";
import { Segments } from "./Small";

export function LanguageSwitch() {
  const next = language.value === "en" ? "zh-CN" : "en";
  return (
    <button type="button" class="button is-plain language" onClick={() => chooseLanguage(next)} aria-label={d("language.switch")} data-testid="language">
      <span lang="zh-CN" style={{ fontWeight: language.value === "en" ? 400 : 700, opacity: language.value === "en" ? 0.75 : 1 }}>中</span>
      <span style={{ margin: "0 0.3em" }}>/</span>
      <span lang="en" style={{ fontWeight: language.value === "en" ? 700 : 400, opacity: language.value === "en" ? 1 : 0.75 }}>EN</span>
    </button>
  );
}

function LookChoices() {
  return (
    <>
      <div class="field">
        <span class="label">{d("look.theme")}</span>
        <Segments
          label={d("look.theme")}
          value={chosenTheme.value ?? "auto"}
          choices={[
            { value: "auto", label: d("look.auto") },
            { value: "light", label: d("look.light") },
            { value: "dark", label: d("look.dark") },
          ]}
          onChoose={(v) => { chosenTheme.value = v === "auto" ? null : v; remember(); }}
        />
      </div>
      <div class="field">
        <span class="label">{d("look.size")}</span>
        <Segments
          label={d("look.size")}
          value={chosenProfile.value ?? "auto"}
          choices={[
            { value: "auto", label: d("look.auto") },
            { value: "board", label: d("look.board") },
            { value: "desk", label: d("look.desk") },
          ]}
          onChoose={(v) => { chosenProfile.value = v === "auto" || v === "phone" ? null : v; remember(); }}
        />
      </div>
      {profile.value === "board" && (
        <div class="field">
          <span class="label">{d("look.side")}</span>
          <Segments
            label={d("look.side")}
            value={side.value}
            choices={[{ value: "left", label: d("look.left") }, { value: "right", label: d("look.right") }]}
            onChoose={(v) => { side.value = v; remember(); }}
          />
        </div>
      )}
    </>
  );
}

// A button with a panel: who is signed in, and the look. Closes on Escape, on a tap outside and when the focus leaves.
export function PersonMenu({ name, children }: { name: string | null; children?: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") setOpen(false);
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
      removeEventListener("keydown", escape);
    };
  }, [open]);
  const phone = profile.value === "phone";
  return (
    <div class="menu-box" ref={box}>
      <button type="button" class="button is-plain" aria-expanded={open} aria-label={name === null ? d("look.title") : d("menu.of", { name })} onClick={() => setOpen(!open)} data-testid="menu">
        <Icon name={name === null ? "more" : "person"} />
        {!phone && <span>{name ?? d("look.title")}</span>}
      </button>
      {open && (
        <div class="menu">
          {name !== null && <h2>{name}</h2>}
          <LookChoices />
          {children}
        </div>
      )}
    </div>
  );
}

export function SignOutButton({ onSignOut }: { onSignOut: () => void }) {
  return <Button wide onClick={onSignOut} testId="sign-out">{d("sign-out")}</Button>;
}
