#pragma once
// H.264 and H.265 access units of NAL units with 4-byte lengths (ISO/IEC 14496-15), and the configuration
// records that name their parameter sets. The bytes come from the network: every length is checked. No state.

#include <vector>

#include "firmware/lesson/track.h"

namespace shilu::live {

struct CleanUnit {
  Bytes data;  // without delimiters, filler and the parameter sets that the configuration has already
  bool picture = false;  // there is a coded picture in it
  bool sync = false;     // an IDR picture (H.264: NAL type 5 only); for H.265 any IRAP picture
};

// `parameter_sets`: those of the configuration. kCorrupted: the lengths do not fit.
Result<CleanUnit> clean_access_unit(Codec codec, ByteView unit, const std::vector<Bytes>& parameter_sets);

// The parameter sets inside an AVCDecoderConfigurationRecord or an HEVCDecoderConfigurationRecord.
// kCorrupted; kInvalidArgument when its NAL lengths do not have 4 bytes.
Result<std::vector<Bytes>> parameter_sets_of(Codec codec, ByteView configuration);

}  // namespace shilu::live
