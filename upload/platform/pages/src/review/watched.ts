// What was really played, as few spans per source as possible.
import type { Watched } from "../types";

const kJoinMs = 400;

// The same list when nothing new was seen.
export function addSpan(spans: readonly Watched[], added: Watched): readonly Watched[] {
  let { from_ms, to_ms } = { from_ms: Math.round(added.from_ms), to_ms: Math.round(added.to_ms) };
  const rest: Watched[] = [];
  for (const span of spans) {
    const apart = span.source !== added.source || span.to_ms + kJoinMs < from_ms || span.from_ms - kJoinMs > to_ms;
    if (apart) {
      rest.push(span);
    } else if (span.from_ms <= from_ms && span.to_ms >= to_ms) {
      return spans;
    } else {
      from_ms = Math.min(from_ms, span.from_ms);
      to_ms = Math.max(to_ms, span.to_ms);
    }
  }
  return [...rest, { source: added.source, from_ms, to_ms }].sort((a, b) => a.source.localeCompare(b.source) || a.from_ms - b.from_ms);
}

// Of all sources together: seen is what was seen on any of them.
export function seenAnywhere(spans: readonly Watched[]): readonly Watched[] {
  return spans.reduce<readonly Watched[]>((all, span) => addSpan(all, { ...span, source: "" }), []);
}

export function seenMs(spans: readonly Watched[]): number {
  return seenAnywhere(spans).reduce((sum, span) => sum + span.to_ms - span.from_ms, 0);
}
