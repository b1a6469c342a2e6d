// What this browser remembers (language, look, unsaved work). A browser that refuses storage works without it.
const kPrefix = "shilu.";

export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(kPrefix + name);
  } catch {
    return null;
  }
}

export function store(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(kPrefix + name);
    else localStorage.setItem(kPrefix + name, value);
  } catch {
    // Private windows may refuse; nothing depends on it.
  }
}

export function readStoredJson<T>(name: string, isRight: (value: unknown) => value is T): T | null {
  const text = readStored(name);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRight(value) ? value : null;
  } catch {
    return null;
  }
}
