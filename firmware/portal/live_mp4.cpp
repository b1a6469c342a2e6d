#include "firmware/portal/live_mp4.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "capture/bmff/fragment_writer.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::portal {

Result<LiveMp4::Beginning> LiveMp4::begin(const link::TrackParameters& parameters) {
  skip_to_key();
  SHILU_TRY(Bytes header, bmff::track_header(parameters.parameters));
  parameters_ = parameters.parameters;
  return Beginning{
      fmt::format("{}/mp4; codecs=\"{}\"", to_string(parameters.kind), rfc6381(parameters.parameters)),
      std::move(header)};
}

void LiveMp4::skip_to_key() {
  held_.reset();
}

std::int64_t LiveMp4::ticks(MonotonicTime time) const {
  return ticks_from_ns((time - *zero_).count(), parameters_->timescale);
}

std::optional<Bytes> LiveMp4::add(link::AccessUnit unit) {
  if (!parameters_ || (!held_ && !unit.sync)) return std::nullopt;
  if (!zero_) zero_ = unit.decode_time;
  const auto next = ticks(unit.decode_time);
  const auto before = std::exchange(held_, std::move(unit));
  if (!before) return std::nullopt;
  bmff::Sample sample;
  sample.data = before->data;
  sample.decode_ticks = ticks(before->decode_time);
  sample.duration =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(next - sample.decode_ticks, 1, UINT32_MAX));
  sample.composition_offset = static_cast<std::uint32_t>(
      std::max<std::int64_t>(ticks(before->presentation_time) - sample.decode_ticks, 0));
  sample.sync = before->sync;
  return bmff::build_fragment(*parameters_, sequence_++, std::array{sample}).bytes;
}

}  // namespace shilu::portal
