#pragma once
// Reading XML from outside as a plain tree: what S3 stores and cameras answer. No entities beyond the five of
// XML 1.0 and character references, no DTD is followed, nothing is fetched. Thread-safe (no state).

#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/result.h"

namespace shilu {

struct XmlElement {
  std::string name;  // without its namespace prefix
  std::string text;  // of its own text nodes, joined
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view child_name) const;   // the first; null: none
  std::string_view text_of(std::string_view child_name) const;  // of the first; empty: none
};

// The document's element. kCorrupted: no XML, over 16 MiB, or more than 64 levels deep.
Result<XmlElement> parse_xml(std::string_view text);

// `text` as character data or attribute value.
std::string xml_escaped(std::string_view text);

}  // namespace shilu
