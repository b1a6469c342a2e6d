import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon";

export interface ButtonProps {
  readonly kind?: "primary" | "danger" | "plain" | undefined;
  readonly icon?: IconName | undefined;
  // Without children this is what the button is called.
  readonly label?: string | undefined;
  readonly children?: ComponentChildren;
  readonly pressed?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly wide?: boolean | undefined;
  readonly submit?: boolean | undefined;
  readonly class?: string | undefined;
  readonly testId?: string | undefined;
  readonly onClick?: ((event: MouseEvent) => void) | undefined;
}

export function Button(props: ButtonProps) {
  const square = props.children === undefined;
  const classes = ["button", props.kind && `is-${props.kind}`, square && "is-square", props.wide && "is-wide", props.class];
  return (
    <button
      type={props.submit ? "submit" : "button"}
      class={classes.filter(Boolean).join(" ")}
      aria-label={props.label}
      title={square ? props.label : undefined}
      aria-pressed={props.pressed}
      disabled={props.disabled ?? false}
      data-testid={props.testId}
      onClick={props.onClick}
    >
      {props.icon && <Icon name={props.icon} />}
      {!square && <span>{props.children}</span>}
    </button>
  );
}
