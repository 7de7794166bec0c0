// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

std::string sentence(int error) {
  const char* text = gnutls_strerror(error);
  return text != nullptr ? text : "unknown error " + std::to_string(error) + " of GnuTLS";
}

OwnedDatum::~OwnedDatum() {
  if (datum_.data == nullptr) return;
  gnutls_memset(datum_.data, 0, datum_.size);
  gnutls_free(datum_.data);
}

}  // namespace linnet::tls
