// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/path_list.hpp"

namespace linnet::server {

void write_path(ByteWriter& out, const lwm2m::Path& path) noexcept {
  out.u8(static_cast<std::uint8_t>(path.depth()));
  for (std::size_t i = 0; i < path.depth(); ++i) out.uint(path[i], 2);
}

Result<std::size_t> encode_paths(std::span<const lwm2m::Path> paths, ByteSpan space) noexcept {
  ByteWriter out(space);
  for (const lwm2m::Path& path : paths) write_path(out, path);
  return out.finish();
}

Result<std::size_t> decode_paths(ByteView bytes, std::span<lwm2m::Path> out) noexcept {
  ByteReader in(bytes);
  std::size_t count = 0;
  while (!in.empty()) {
    const std::size_t depth = *in.u8();
    if (depth > lwm2m::Path::kMaxDepth) return fail(Errc::kMalformed);
    if (count == out.size()) return fail(Errc::kNoSpace);
    lwm2m::Path path;
    for (std::size_t i = 0; i < depth; ++i) {
      const auto id = in.uint(2);
      if (!id || *id == lwm2m::kMaxId) return fail(Errc::kMalformed);
      path = path.child(static_cast<std::uint16_t>(*id));
    }
    out[count++] = path;
  }
  return count;
}

}  // namespace linnet::server
