#include "firmware/base/openssl_owners.h"

#include <cstdlib>
#include <limits>

namespace shilu {

void must(bool condition) {
  if (!condition) std::abort();
}

BioOwner bio_over(std::string_view text) {
  must(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  BioOwner bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  must(bio != nullptr);
  return bio;
}

BioOwner empty_bio() {
  BioOwner bio(BIO_new(BIO_s_mem()));
  must(bio != nullptr);
  return bio;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace shilu
