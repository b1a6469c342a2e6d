#pragma once
// Made-up units of a camera: valid in all that the recorder looks at, with a counter in their bytes.

#include "capture/link/link.h"
#include "capture/recorder/fragment.h"
#include "firmware/base/certificate.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::test {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000'000'000;

// 1280x720 H.264 as x264 describes it, 25 pictures per second; AAC-LC 48 kHz mono.
link::TrackParameters video_parameters(std::uint32_t nominal_ticks = 3600);
link::TrackParameters other_video_parameters();  // another size: another header
link::TrackParameters audio_parameters();

// One NAL unit that holds `number`; `size` bytes in all, at least 16.
link::AccessUnit video_unit(std::uint64_t number, MonotonicTime decode_time, bool sync,
                            std::size_t size = 200);
link::AccessUnit audio_unit(std::uint64_t number, MonotonicTime decode_time, std::size_t size = 40);
std::uint64_t counter_in(ByteView data);  // of a unit's bytes

// Units of a steady camera: picture k at start + k * 40 ms with an IDR every `gop`, sound frame k at start +
// k * 1024/48000 s.
link::AccessUnit steady_picture(std::uint64_t k, MonotonicTime start, std::uint64_t gop = 25,
                                std::size_t size = 200);
link::AccessUnit steady_sound(std::uint64_t k, MonotonicTime start);

// The 25 pictures of the steady camera's lesson second `second`, closed: a fragment that begins with an IDR.
recorder::Fragment second_of_pictures(std::uint64_t second);

CertifiedKey test_key();  // made once per process
LessonInfo test_lesson(MonotonicTime start, std::vector<SourceInfo> sources = {{"room", "rtsp", false}});

}  // namespace shilu::test
