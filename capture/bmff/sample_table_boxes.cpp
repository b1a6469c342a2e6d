#include "capture/bmff/boxes.h"
#include "capture/bmff/sample_tables.h"

#include <limits>

namespace shilu::bmff {
namespace {

void put_runs(Bytes& out, std::string_view type, const std::vector<SampleTables::Run>& runs) {
  put_full_box(out, type, 0, 0, [&] {
    put_u32(out, static_cast<std::uint32_t>(runs.size()));
    for (const auto& run : runs) {
      put_u32(out, run.count);
      put_u32(out, run.value);
    }
  });
}

// Samples per chunk, one entry where the number changes.
void put_stsc(Bytes& out, const std::vector<SampleTables::Chunk>& chunks) {
  put_full_box(out, "stsc", 0, 0, [&] {
    const auto count_at = out.size();
    put_u32(out, 0);
    std::uint32_t entries = 0;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0 && chunks[i].samples == chunks[i - 1].samples) continue;
      put_u32(out, static_cast<std::uint32_t>(i + 1));
      put_u32(out, chunks[i].samples);
      put_u32(out, 1);
      ++entries;
    }
    set_u32(out, count_at, entries);
  });
}

void put_numbers(Bytes& out, const std::vector<std::uint32_t>& numbers) {
  put_u32(out, static_cast<std::uint32_t>(numbers.size()));
  for (const auto number : numbers) put_u32(out, number);
}

void put_chunk_offsets(Bytes& out, const std::vector<std::uint64_t>& offsets, OffsetWidth width) {
  const bool wide = width == OffsetWidth::k64;
  put_full_box(out, wide ? "co64" : "stco", 0, 0, [&] {
    put_u32(out, static_cast<std::uint32_t>(offsets.size()));
    for (const auto offset : offsets) {
      if (wide) {
        put_u64(out, offset);
      } else {
        put_u32(out, static_cast<std::uint32_t>(offset));
      }
    }
  });
}

bool needs_version_1(const std::vector<Edit>& edits) {
  for (const auto& edit : edits) {
    if (edit.media_time > std::numeric_limits<std::int32_t>::max()) return true;
  }
  return false;
}

}  // namespace

void put_tables(Bytes& out, const SampleTables& tables, bool video,
                const std::vector<std::uint64_t>& chunk_offsets, OffsetWidth width) {
  put_runs(out, "stts", tables.durations);
  if (!tables.composition_offsets.empty()) put_runs(out, "ctts", tables.composition_offsets);
  if (video) put_full_box(out, "stss", 0, 0, [&] { put_numbers(out, tables.sync_samples); });
  put_stsc(out, tables.chunks);
  put_full_box(out, "stsz", 0, 0, [&] {
    put_u32(out, 0);
    put_numbers(out, tables.sizes);
  });
  put_chunk_offsets(out, chunk_offsets, width);
}

void put_edits(Bytes& out, const std::vector<Edit>& edits) {
  const bool wide = needs_version_1(edits);
  put_box(out, "edts", [&] {
    put_full_box(out, "elst", wide ? 1 : 0, 0, [&] {
      put_u32(out, static_cast<std::uint32_t>(edits.size()));
      for (const auto& edit : edits) {
        if (wide) {
          put_u64(out, edit.duration_ms);
          put_u64(out, static_cast<std::uint64_t>(edit.media_time));
        } else {
          put_u32(out, edit.duration_ms);
          put_u32(out, static_cast<std::uint32_t>(edit.media_time));
        }
        put_u32(out, 0x00010000);  // rate 1
      }
    });
  });
}

}  // namespace shilu::bmff
