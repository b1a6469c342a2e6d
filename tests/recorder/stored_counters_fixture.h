#pragma once
// What a reader finds in a lesson's folder.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace shilu::test {

std::vector<std::string> violations_in(const std::filesystem::path& lesson);  // "code: sentence"
// The counters in the samples of a track, in the order of its fragments.
std::vector<std::uint64_t> stored_counters(const std::filesystem::path& lesson, const std::string& track);
bool consecutive(const std::vector<std::uint64_t>& counters);  // each one more than the one before
bool rising(const std::vector<std::uint64_t>& counters);

}  // namespace shilu::test
