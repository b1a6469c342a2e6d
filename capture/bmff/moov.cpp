#include "capture/bmff/moov.h"

#include <limits>

#include "capture/bmff/boxes.h"
#include "capture/bmff/sample_entry.h"

namespace shilu::bmff {
namespace {

constexpr std::uint16_t kUndetermined = 0x55c4;  // language "und"

void put_matrix(Bytes& out) {
  for (const std::uint32_t value : {0x00010000u, 0u, 0u, 0u, 0x00010000u, 0u, 0u, 0u, 0x40000000u})
    put_u32(out, value);
}

void put_tkhd(Bytes& out, const CodecParameters& parameters, const TrackHeader& header) {
  put_full_box(out, "tkhd", 0, 3 /* enabled, in the movie */, [&] {
    put_zeros(out, 8);
    put_u32(out, header.id);
    put_u32(out, 0);
    put_u32(out, header.duration_ms);
    put_zeros(out, 12);
    put_u16(out, is_video(parameters) ? 0 : 0x0100);  // volume
    put_u16(out, 0);
    put_matrix(out);
    put_u32(out, static_cast<std::uint32_t>(parameters.width) << 16);
    put_u32(out, static_cast<std::uint32_t>(parameters.height) << 16);
  });
}

void put_mdhd(Bytes& out, std::uint32_t timescale, std::uint64_t duration) {
  const bool wide = duration > std::numeric_limits<std::uint32_t>::max();
  put_full_box(out, "mdhd", wide ? 1 : 0, 0, [&] {
    put_zeros(out, wide ? 16 : 8);
    put_u32(out, timescale);
    if (wide) {
      put_u64(out, duration);
    } else {
      put_u32(out, static_cast<std::uint32_t>(duration));
    }
    put_u16(out, kUndetermined);
    put_u16(out, 0);
  });
}

void put_hdlr(Bytes& out, bool video) {
  put_full_box(out, "hdlr", 0, 0, [&] {
    put_u32(out, 0);
    put_type(out, video ? "vide" : "soun");
    put_zeros(out, 12);
    put_u8(out, 0);  // no name
  });
}

void put_media_header(Bytes& out, bool video) {
  if (video) {
    put_full_box(out, "vmhd", 0, 1, [&] { put_zeros(out, 8); });
  } else {
    put_full_box(out, "smhd", 0, 0, [&] { put_zeros(out, 4); });
  }
}

void put_dinf(Bytes& out) {
  put_box(out, "dinf", [&] {
    put_full_box(out, "dref", 0, 0, [&] {
      put_u32(out, 1);
      put_full_box(out, "url ", 0, 1 /* in this file */, [] {});
    });
  });
}

void put_minf(Bytes& out, const CodecParameters& parameters, const std::function<void()>& tables) {
  put_box(out, "minf", [&] {
    put_media_header(out, is_video(parameters));
    put_dinf(out);
    put_box(out, "stbl", [&] {
      put_full_box(out, "stsd", 0, 0, [&] {
        put_u32(out, 1);
        put_sample_entry(out, parameters);
      });
      tables();
    });
  });
}

}  // namespace

void put_ftyp(Bytes& out, std::string_view major, std::initializer_list<std::string_view> compatible) {
  put_box(out, "ftyp", [&] {
    put_type(out, major);
    put_u32(out, 0);
    for (const auto brand : compatible) put_type(out, brand);
  });
}

void put_mvhd(Bytes& out, std::uint32_t duration_ms, std::uint32_t next_track) {
  put_full_box(out, "mvhd", 0, 0, [&] {
    put_zeros(out, 8);
    put_u32(out, kMovieTimescale);
    put_u32(out, duration_ms);
    put_u32(out, 0x00010000);  // rate
    put_u16(out, 0x0100);      // volume
    put_zeros(out, 10);
    put_matrix(out);
    put_zeros(out, 24);
    put_u32(out, next_track);
  });
}

void put_trak(Bytes& out, const CodecParameters& parameters, const TrackHeader& header,
              const std::function<void()>& edits, const std::function<void()>& tables) {
  put_box(out, "trak", [&] {
    put_tkhd(out, parameters, header);
    edits();
    put_box(out, "mdia", [&] {
      put_mdhd(out, parameters.timescale, header.media_duration);
      put_hdlr(out, is_video(parameters));
      put_minf(out, parameters, tables);
    });
  });
}

}  // namespace shilu::bmff
