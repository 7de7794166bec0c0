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
  Path path;
  if (text == "/") return path;
  std::size_t at = 0;
  do {
    if (at == text.size() || path.depth_ == kMaxDepth) return fail(Errc::kMalformed);
    const std::size_t start = ++at;  // behind the slash
    while (at < text.size() && text[at] != '/') ++at;
    const auto id = parse_segment({text.data() + start, at - start});
    if (text[start - 1] != '/' || !id) return fail(Errc::kMalformed);
    path.ids_[path.depth_++] = *id;
  } while (at < text.size());
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
