#include "firmware/base/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

namespace shilu {
namespace {

constexpr std::size_t kMaxSize = 16u << 20;
constexpr int kMaxDepth = 64;

std::string_view without_prefix(std::string_view name) {
  const auto colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

Result<XmlElement> element_of(const pugi::xml_node& node, int depth) {
  if (depth > kMaxDepth) return fail(ErrorKind::kCorrupted, "the XML is nested too deeply");
  XmlElement element;
  element.name = without_prefix(node.name());
  for (const pugi::xml_node& inner : node.children()) {
    if (inner.type() == pugi::node_element) {
      SHILU_TRY(auto child, element_of(inner, depth + 1));
      element.children.push_back(std::move(child));
    } else if (inner.type() == pugi::node_pcdata || inner.type() == pugi::node_cdata) {
      element.text += inner.value();
    }
  }
  return element;
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const XmlElement& element) { return element.name == child_name; });
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > kMaxSize) return fail(ErrorKind::kCorrupted, "the XML is too large");
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed) return fail(ErrorKind::kCorrupted, fmt::format("this is no XML: {}", parsed.description()));
  const pugi::xml_node root = document.document_element();
  if (!root) return fail(ErrorKind::kCorrupted, "the XML is empty");
  return element_of(root, 1);
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace shilu
