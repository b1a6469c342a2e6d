#pragma once
// Decodes units as they are recorded (capture/link, bmff::Sample): NAL units with 4-byte lengths, raw AAC
// frames, with the parameters of their epoch and no container around them. Thread-bound.

#include <memory>
#include <span>

#include "capture/media/small_picture.h"
#include "firmware/base/bytes.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::media {

// Of pictures only those that need no other are decoded.
class KeyPictures {
 public:
  // kCorrupted: libav refuses the parameters, or they are not of a picture.
  static Result<KeyPictures> open(const CodecParameters& parameters);
  ~KeyPictures();
  KeyPictures(KeyPictures&&) noexcept;
  KeyPictures& operator=(KeyPictures&&) noexcept;

  // kCorrupted: the unit does not decode by itself.
  Result<SmallPicture> small(ByteView unit);
  Result<Bytes> jpeg(ByteView unit, int width);  // `width` in pixels, even, 16 to 1920

 private:
  struct Impl;
  explicit KeyPictures(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SoundUnits {
 public:
  static Result<SoundUnits> open(const CodecParameters& parameters);
  ~SoundUnits();
  SoundUnits(SoundUnits&&) noexcept;
  SoundUnits& operator=(SoundUnits&&) noexcept;

  // Interleaved, full scale is 1; until the next call. Empty: damaged, or the decoder's first, which it
  // holds.
  std::span<const float> samples(ByteView unit);
  // Of what came out last; 0 before.
  int sample_rate() const;
  int channels() const;

 private:
  struct Impl;
  explicit SoundUnits(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::media
