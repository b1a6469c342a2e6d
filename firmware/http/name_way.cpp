#include "firmware/http/name_way.h"

#include <algorithm>

namespace shilu::http {
namespace {

constexpr std::chrono::milliseconds kBothFor{1'000};

}  // namespace

std::optional<NameWay> way_after(NameWay way, bool late, bool is_known) {
  if (way == NameWay::kBoth && late) return NameWay::kIpv4;
  if (way == NameWay::kIpv4 && !late) return NameWay::kPatient;
  if (way != NameWay::kKnown && is_known) return NameWay::kKnown;
  return std::nullopt;
}

std::chrono::milliseconds time_for(NameWay way, std::chrono::milliseconds whole) {
  if (way == NameWay::kBoth) return std::min(kBothFor, whole);
  if (way == NameWay::kIpv4) return std::max(whole - kBothFor, kBothFor);
  return whole;
}

}  // namespace shilu::http
