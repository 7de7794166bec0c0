// SPDX-License-Identifier: Apache-2.0
// Object definitions: any bytes as DDF, and as compact text; what DDF gives must read as compact text.
#include <cstdlib>
#include <string>

#include "linnet/base/bytes.hpp"
#include "linnet/registry/compact_text.hpp"
#include "linnet/registry/ddf.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string written(const linnet::registry::ModelSet& set) {
  std::string text;
  for (const auto& object : set.objects) linnet::registry::append_compact_text(text, object);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace linnet::registry;
  const std::string_view bytes = linnet::as_text({data, size});
  if (const auto text = read_ddf(bytes, "x")) {
    const auto set = read_compact_text(*text, "x");
    require(set.has_value() && written(*set) == *text);
  } else {
    (void)is_companion_ddf(bytes);
  }
  if (const auto set = read_compact_text(bytes, "x")) {
    const std::string text = written(*set);
    const auto again = read_compact_text(text, "x");
    require(again.has_value() && written(*again) == text);
  }
  return 0;
}
