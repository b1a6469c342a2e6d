// JSON over HTTP with RFC 9457 problems. Every failure becomes one Problem whose `code` the language files know.
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly retryAfterSeconds: number | null;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(code: string, status: number, detail = "", body: Readonly<Record<string, unknown>> = {}, retryAfter: number | null = null) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.body = body;
    this.retryAfterSeconds = retryAfter;
  }

  // The server could not be reached, or could not answer: the same request may succeed later.
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const kOffline = "unreachable";

let signedOut: () => void = () => undefined;
export function onSignedOut(handler: () => void): void {
  signedOut = handler;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function problemOf(status: number, text: string, retryAfter: string | null): Problem {
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) body = parsed;
  } catch {
    // Not a problem document: a proxy's page, or an answer cut short.
  }
  const code = typeof body.code === "string" ? body.code : `http-${status}`;
  const detail = typeof body.detail === "string" ? body.detail : "";
  const seconds = Number(retryAfter);
  return new Problem(code, status, detail, body, retryAfter !== null && Number.isFinite(seconds) ? seconds : null);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(kOffline, 0, error instanceof Error ? error.message : "");
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly timeoutMs?: number;
  // Goes out although the page is being closed; such a body may have at most 64 KB.
  readonly keepalive?: boolean;
  // A page that asks "am I signed in" wants the 401 for itself.
  readonly quiet?: boolean;
}

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Shilu-Request"] = "1";
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? 15_000);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: abort.signal,
      keepalive: options.keepalive ?? false,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw problemOf(answer.status, text, answer.headers.get("Retry-After"));
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status === 401 && !options.quiet) signedOut();
    throw problem;
  } finally {
    clearTimeout(timer);
  }
}

// A file as the body, with progress: fetch cannot tell how much of an upload has gone.
export function sendFile<T>(path: string, file: Blob, onProgress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    call.setRequestHeader("X-Shilu-Request", "1");
    call.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    call.onerror = () => reject(new Problem(kOffline, 0));
    call.onload = () => {
      if (call.status >= 200 && call.status < 300) return resolve(JSON.parse(call.responseText) as T);
      const problem = problemOf(call.status, call.responseText, call.getResponseHeader("Retry-After"));
      if (problem.status === 401) signedOut();
      reject(problem);
    };
    call.send(file);
  });
}
