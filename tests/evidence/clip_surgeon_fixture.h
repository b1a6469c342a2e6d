#pragma once
// The hands of somebody who knows the clip format as well as we do: takes a clip of a package apart into its
// fragments, and puts together what he likes of them behind a header that fits.

#include "capture/bmff/movie.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/proven_records.h"

namespace shilu::test {

class ClipSurgeon {
 public:
  struct Fragment {
    std::uint16_t track = 0;
    bool video = false;
    Bytes bytes;
  };

  // Of clip 1 of a good package; `file` is one of its parts.
  ClipSurgeon(const Pieces& pieces, const std::string& file);

  std::vector<Fragment> fragments;  // in the order of the file: change at will
  evidence::ProvenRecords proven;

  // The fragments behind the old header, with nothing but the mdat's size made to fit.
  Bytes behind_old_header() const;
  // Behind the header that an honest builder would compute for them; they must rise in time.
  Bytes with_new_header(TimeRange range) const;

 private:
  Bytes header_;
};

}  // namespace shilu::test
