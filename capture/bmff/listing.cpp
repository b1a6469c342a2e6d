#include "capture/bmff/listing.h"

#include <algorithm>
#include <limits>

namespace shilu::bmff {
namespace {

constexpr auto kNever = std::numeric_limits<std::int64_t>::max();

void take_hidden(Listing& listing, std::int64_t presentation) {
  listing.first_hidden = std::min(listing.first_hidden.value_or(kNever), presentation);
}

// From the first sample (a decoder needs all of them) to the last in decode order that is presented before
// `out`.
class VideoLister {
 public:
  explicit VideoLister(TickRange range) : range_(range) {}

  void take(const TimedSample& sample) {
    if (!any_) listing_.first = sample;
    any_ = true;
    if (sample.presentation >= range_.out) {
      waiting_ = std::min(waiting_, sample.presentation);
      return;
    }
    // What waited stands before a listed sample, so it is listed too.
    if (waiting_ != kNever) take_hidden(listing_, waiting_);
    waiting_ = kNever;
    listing_.last = sample;
    if (sample.presentation < range_.in) return;
    listing_.shown_from = shown_ ? std::min(listing_.shown_from, sample.presentation) : sample.presentation;
    listing_.last_shown = shown_ ? std::max(listing_.last_shown, sample.presentation) : sample.presentation;
    listing_.shown_to =
        std::min(range_.out, shown_ ? std::max(listing_.shown_to, sample.end()) : sample.end());
    shown_ = true;
  }

  std::optional<Listing> result() const { return shown_ ? std::optional(listing_) : std::nullopt; }

 private:
  TickRange range_;
  Listing listing_;
  bool any_ = false;
  bool shown_ = false;
  std::int64_t waiting_ = kNever;
};

// From the frame before the one that sounds at `in`: a decoder needs that one's second half to begin cleanly.
class AudioLister {
 public:
  explicit AudioLister(TickRange range) : range_(range) {}

  void take(const TimedSample& sample) {
    if (sample.decode >= range_.out) return;
    if (sample.end() <= range_.in) {
      before_ = sample;
      return;
    }
    if (!shown_) {
      listing_.first = before_ && joins(*before_, sample) ? *before_ : sample;
      listing_.shown_from = std::max(range_.in, sample.decode);
    }
    shown_ = true;
    listing_.last = sample;
    listing_.last_shown = sample.decode;
    listing_.shown_to = std::min(range_.out, sample.end());
  }

  std::optional<Listing> result() const { return shown_ ? std::optional(listing_) : std::nullopt; }

 private:
  // Less than a frame apart: no gap between them.
  static bool joins(const TimedSample& before, const TimedSample& sample) {
    return sample.decode - before.end() < before.entry.duration;
  }

  TickRange range_;
  Listing listing_;
  bool shown_ = false;
  std::optional<TimedSample> before_;
};

}  // namespace

TickRange to_ticks(TimeRange range, std::uint32_t timescale) {
  return {ticks_from_ns(range.from.ns, timescale), ticks_from_ns(range.to.ns, timescale)};
}

std::optional<Listing> list_samples(std::span<const MovieFragment> fragments, bool video, TickRange range) {
  const auto run = [&](auto lister) {
    for_each_sample(fragments, [&](const TimedSample& sample) { lister.take(sample); });
    return lister.result();
  };
  return video ? run(VideoLister(range)) : run(AudioLister(range));
}

}  // namespace shilu::bmff
