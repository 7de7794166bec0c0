// SPDX-License-Identifier: Apache-2.0
// A URI that a server wrote: what comes out stays within what went in.
#include <cstdlib>
#include <vector>

#include "linnet/coap/uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace linnet;
  std::vector<std::uint8_t> room(size);
  const auto uri = coap::Uri::parse(as_text(ByteView(data, size)), room);
  if (!uri) return 0;
  std::size_t bytes = uri->host.size();
  for (const std::string_view segment : uri->path()) bytes += segment.size();
  for (const std::string_view segment : uri->query()) bytes += segment.size();
  if (bytes > size || uri->port == 0 || uri->host.empty()) std::abort();
  return 0;
}
