// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/path.hpp"

#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {

Result<std::uint16_t> Path::parse_segment(std::string_view text) noexcept {
  const auto id = parse_digits(text, kMaxId - 1);
  if (!id) return std::unexpected(id.error());
  return static_cast<std::uint16_t>(*id);
}

Result<Path> Path::parse(std::string_view text) noexcept {
  if (text.empty() || text[0] != '/') return fail(Errc::kMalformed);
  Path path;
  if (text.size() == 1) return path;
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::size_t end = text.find('/');
    const auto id = parse_segment(text.substr(0, end));
    if (!id) return std::unexpected(id.error());
    if (path.depth() == kMaxDepth) return fail(Errc::kMalformed);
    path = path.child(*id);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  return path;
}

void Path::write(ByteWriter& out) const noexcept {
  if (depth_ == 0) return out.u8('/');
  for (std::size_t i = 0; i < depth_; ++i) {
    out.u8('/');
    write_digits(out, ids_[i]);
  }
}

}  // namespace linnet::lwm2m
