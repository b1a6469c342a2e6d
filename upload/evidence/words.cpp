#include "upload/evidence/words.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "firmware/base/json_io.h"

namespace shilu::evidence {

const std::string& words_json();  // words.zh.json, built into the program

namespace {

constexpr std::string_view kHole = "{}";
constexpr std::string_view kAnd = "; ";
constexpr std::string_view kContext = ": ";

// An English sentence with holes: the text between them, one piece more than holes.
struct Sentence {
  std::vector<std::string> pieces;
  std::string chinese;  // "{0}", "{1}" ... for the holes

  std::size_t weight() const {
    std::size_t sum = 0;
    for (const auto& piece : pieces) sum += piece.size();
    return sum;
  }
};

Sentence cut(std::string_view english, std::string chinese) {
  Sentence sentence{{}, std::move(chinese)};
  for (std::size_t hole = english.find(kHole); hole != english.npos; hole = english.find(kHole)) {
    sentence.pieces.emplace_back(english.substr(0, hole));
    english.remove_prefix(hole + kHole.size());
  }
  sentence.pieces.emplace_back(english);
  return sentence;
}

// What stands in the holes, or nothing when `text` is another sentence.
std::optional<std::vector<std::string_view>> holes_of(const Sentence& sentence, std::string_view text) {
  const auto& pieces = sentence.pieces;
  if (pieces.size() == 1)
    return text == pieces[0] ? std::optional(std::vector<std::string_view>()) : std::nullopt;
  if (!text.starts_with(pieces.front())) return std::nullopt;
  text.remove_prefix(pieces.front().size());
  if (!text.ends_with(pieces.back())) return std::nullopt;
  text.remove_suffix(pieces.back().size());
  std::vector<std::string_view> holes;
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const std::size_t at = text.find(pieces[i]);
    if (at == text.npos) return std::nullopt;
    holes.push_back(text.substr(0, at));
    text.remove_prefix(at + pieces[i].size());
  }
  holes.push_back(text);
  return holes;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// Several findings in one text, or a finding with its place in front, are not one sentence with a long hole.
// What people wrote stands in brackets and may hold anything.
bool is_one_sentence(const Sentence& sentence, const std::vector<std::string_view>& holes) {
  for (std::size_t i = 0; i < holes.size(); ++i) {
    const bool bracketed = sentence.pieces[i].ends_with('(') && sentence.pieces[i + 1].starts_with(')');
    const bool last = i + 1 == holes.size();
    if (!bracketed && (has(holes[i], kAnd) || (!last && has(holes[i], kContext)))) return false;
  }
  return true;
}

struct Table {
  std::map<std::string, std::string, std::less<>> facts, values;
  std::vector<Sentence> sentences;  // the most particular first
};

Table read_table() {
  Table table;
  const Json json = parse_json(words_json()).value();  // a broken table is a broken build: tests read it
  for (const auto& [english, chinese] : json["facts"].items())
    table.facts[english] = chinese.get<std::string>();
  for (const auto& [english, chinese] : json["values"].items())
    table.values[english] = chinese.get<std::string>();
  for (const auto& [english, chinese] : json["sentences"].items())
    table.sentences.push_back(cut(english, chinese.get<std::string>()));
  std::stable_sort(table.sentences.begin(), table.sentences.end(),
                   [](const Sentence& a, const Sentence& b) { return a.weight() > b.weight(); });
  return table;
}

const Table& table() {
  static const Table read = read_table();
  return read;
}

std::string find_or_same(const std::map<std::string, std::string, std::less<>>& words,
                         std::string_view word) {
  const auto found = words.find(word);
  return found == words.end() ? std::string(word) : found->second;
}

std::string fill(const Sentence& sentence, const std::vector<std::string_view>& holes) {
  std::string text = sentence.chinese;
  for (std::size_t i = 0; i < holes.size(); ++i) {
    const std::string hole = "{" + std::to_string(i) + "}";
    const std::size_t at = text.find(hole);
    if (at != text.npos) text.replace(at, hole.size(), in_chinese(holes[i]));
  }
  return text;
}

}  // namespace

std::string fact_in_chinese(std::string_view fact) {
  return find_or_same(table().facts, fact);
}

std::string value_in_chinese(std::string_view value) {
  return find_or_same(table().values, value);
}

std::string in_chinese(std::string_view text) {
  for (const Sentence& sentence : table().sentences) {
    const auto holes = holes_of(sentence, text);
    if (holes && is_one_sentence(sentence, *holes)) return fill(sentence, *holes);
  }
  const std::size_t place = text.find(kContext);
  const std::size_t next = text.find(kAnd);
  if (place < next)
    return in_chinese(text.substr(0, place)) + "：" + in_chinese(text.substr(place + kContext.size()));
  if (next == text.npos) return std::string(text);
  return in_chinese(text.substr(0, next)) + "；" + in_chinese(text.substr(next + kAnd.size()));
}

}  // namespace shilu::evidence
