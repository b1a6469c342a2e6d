import type { ComponentChildren } from "preact";
import { navigate } from "../router";

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly current?: "page" | undefined;
  readonly label?: string | undefined;
  readonly testId?: string | undefined;
  readonly children: ComponentChildren;
}

// A real address, so that it can be opened in a new tab; a plain click stays inside the page.
export function Link({ to, class: classes, current, label, testId, children }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} class={classes} aria-current={current} aria-label={label} data-testid={testId} onClick={follow}>
      {children}
    </a>
  );
}
