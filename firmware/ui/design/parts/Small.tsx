// The smallest parts: badge, bar, empty place, loading, field, segments.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { d } from "../texts";
import { Icon, type IconName } from "./Icon";

export type BadgeTone = "ok" | "warn" | "bad" | "accent" | "none";

export function Badge({ tone = "none", icon, children }: { tone?: BadgeTone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge is-${tone}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

export function Bar({ share, done, label }: { share: number; done?: boolean; label: string }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div class={done ? "bar is-ok" : "bar"} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Empty({ icon, children }: { icon: IconName; children: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function Loading() {
  return (
    <div class="loading" role="status">
      <div class="spinner" />
      <span class="sr">{d("loading")}</span>
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly rows?: number;
  readonly maxLength?: number;
  readonly list?: readonly string[];
}

export function TextField({ label, value, onInput, hint, placeholder, rows, maxLength, list }: TextFieldProps) {
  const id = useId();
  const common = { id, class: "input", value, placeholder, maxLength, "aria-describedby": hint ? `${id}-hint` : undefined };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows
        ? <textarea {...common} rows={rows} onInput={(e) => onInput(e.currentTarget.value)} />
        : <input {...common} type="text" autocomplete="off" list={list ? `${id}-list` : undefined} onInput={(e) => onInput(e.currentTarget.value)} />}
      {list && <datalist id={`${id}-list`}>{list.map((entry) => <option key={entry} value={entry} />)}</datalist>}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly choices: readonly { readonly value: T; readonly label: string; readonly icon?: IconName }[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}

export function Segments<T extends string>({ label, choices, value, onChoose }: SegmentsProps<T>) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.value} type="button" class="button" aria-pressed={choice.value === value} onClick={() => onChoose(choice.value)}>
          {choice.icon && <Icon name={choice.icon} />}
          <span>{choice.label}</span>
        </button>
      ))}
    </div>
  );
}
