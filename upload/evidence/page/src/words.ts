// The Chinese of what verification says, from the table that `shilu verify --lang zh` uses.
import table from "../../words.zh.json";

export type Language = "en" | "zh";

interface Sentence {
  readonly pieces: readonly string[];
  readonly chinese: string;
}

const sentences: readonly Sentence[] = Object.entries(table.sentences)
  .map(([english, chinese]) => ({ pieces: english.split("{}"), chinese }))
  .sort((a, b) => b.pieces.join("").length - a.pieces.join("").length);
const facts: Readonly<Record<string, string>> = table.facts;
const values: Readonly<Record<string, string>> = table.values;

function holesOf(sentence: Sentence, text: string): string[] | null {
  const { pieces } = sentence;
  const [first, last] = [pieces[0]!, pieces.at(-1)!];
  if (pieces.length === 1) return text === first ? [] : null;
  if (!text.startsWith(first)) return null;
  let rest = text.slice(first.length);
  if (!rest.endsWith(last)) return null;
  rest = rest.slice(0, rest.length - last.length);
  const holes: string[] = [];
  for (const piece of pieces.slice(1, -1)) {
    const at = rest.indexOf(piece);
    if (at < 0) return null;
    holes.push(rest.slice(0, at));
    rest = rest.slice(at + piece.length);
  }
  return [...holes, rest];
}

// Several findings in one text, or a finding with its place in front, are not one sentence with a long hole. What
// people wrote stands in brackets and may hold anything.
function isOneSentence({ pieces }: Sentence, holes: readonly string[]): boolean {
  return holes.every((hole, i) => {
    const bracketed = pieces[i]!.endsWith("(") && pieces[i + 1]!.startsWith(")");
    return bracketed || !(hole.includes("; ") || (i + 1 < holes.length && hole.includes(": ")));
  });
}

export function inChinese(text: string): string {
  for (const sentence of sentences) {
    const holes = holesOf(sentence, text);
    if (holes && isOneSentence(sentence, holes)) return holes.reduce((filled, hole, i) => filled.replace(`{${i}}`, () => inChinese(hole)), sentence.chinese);
  }
  const [place, next] = [text.indexOf(": "), text.indexOf("; ")];
  if (place >= 0 && (next < 0 || place < next)) return `${inChinese(text.slice(0, place))}：${inChinese(text.slice(place + 2))}`;
  return next < 0 ? text : `${inChinese(text.slice(0, next))}；${inChinese(text.slice(next + 2))}`;
}

export function say(language: Language, kind: "fact" | "value" | "detail", word: string): string {
  if (language === "en") return word;
  return kind === "fact" ? (facts[word] ?? word) : kind === "value" ? (values[word] ?? word) : inChinese(word);
}
