// Short messages, one at a time (two would lie over what is touched), each with at most one action ("undo"), for 8 s; a mark can
// still be taken back in the list of marks.
import { signal } from "@preact/signals";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  readonly action: { readonly label: string; readonly run: () => void } | undefined;
}

const toasts = signal<readonly Toast[]>([]);
let nextId = 1;

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export interface ToastOptions {
  readonly bad?: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export function showToast(text: string, options: ToastOptions = {}): number {
  const id = nextId++;
  toasts.value = [{ id, text, bad: options.bad ?? false, action: options.action }];
  setTimeout(() => dismissToast(id), options.action || options.bad ? 8000 : 4000);
  return id;
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={toast.bad ? "toast is-bad" : "toast"}>
          <Icon name={toast.bad ? "warn" : "check"} />
          <p style={{ marginLeft: "0.75rem" }}>{toast.text}</p>
          {toast.action && (
            <Button icon="undo" onClick={() => { dismissToast(toast.id); toast.action?.run(); }}>
              {toast.action.label}
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}
