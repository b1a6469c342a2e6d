// A button for what cannot be taken back by accident: hold it for 1.5 s while a ring fills, or tap it and confirm. A palm or a
// sleeve on an infrared frame touches shortly or with several contacts: neither counts as holding.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./Icon";

interface HoldButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly hint: string;
  readonly holdMs: number;
  readonly disabled?: boolean;
  readonly onHeld: () => void;
  readonly onTap: () => void;
}

const kRing = 2 * Math.PI * 20;

export function HoldButton({ icon, label, hint, holdMs, disabled, onHeld, onTap }: HoldButtonProps) {
  const [holding, setHolding] = useState(false);
  const timer = useRef(0);
  const held = useRef(false);

  const letGo = (): void => {
    clearTimeout(timer.current);
    setHolding(false);
  };
  useEffect(() => letGo, []);

  const press = (event: PointerEvent): void => {
    if (!event.isPrimary || event.button !== 0) return letGo();
    held.current = false;
    setHolding(true);
    timer.current = window.setTimeout(() => {
      held.current = true;
      setHolding(false);
      onHeld();
    }, holdMs);
  };
  const click = (): void => {
    if (held.current) held.current = false;
    else onTap();
  };

  return (
    <button
      type="button"
      class={holding ? "button is-danger hold is-holding" : "button is-danger hold"}
      disabled={disabled ?? false}
      onPointerDown={press}
      onPointerUp={letGo}
      onPointerLeave={letGo}
      onPointerCancel={letGo}
      onContextMenu={(event) => event.preventDefault()}
      onClick={click}
      data-testid="stop"
    >
      <svg class="hold-ring" viewBox="0 0 48 48" aria-hidden="true">
        <circle cx="24" cy="24" r="20" class="hold-track" />
        <circle
          cx="24" cy="24" r="20" class="hold-fill"
          style={{ strokeDasharray: kRing, strokeDashoffset: holding ? 0 : kRing, transitionDuration: holding ? `${holdMs}ms` : "0.15s" }}
        />
      </svg>
      <span class="hold-icon"><Icon name={icon} /></span>
      <span class="hold-words">
        {label}
        <small>{hint}</small>
      </span>
    </button>
  );
}
