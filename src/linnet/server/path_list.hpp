// SPDX-License-Identifier: Apache-2.0
// Paths of a composite operation as bytes: of each its depth and two bytes for every identifier, one
// behind the other, in the order of the request. Equal lists have equal bytes.
#pragma once

#include <span>

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/path.hpp"

namespace linnet::server {

/// The longest that one path becomes.
inline constexpr std::size_t kMaxPathBytes = 1 + 2 * lwm2m::Path::kMaxDepth;

void write_path(ByteWriter& out, const lwm2m::Path& path) noexcept;
/// The bytes written; kNoSpace.
[[nodiscard]] Result<std::size_t> encode_paths(std::span<const lwm2m::Path> paths, ByteSpan out) noexcept;
/// How many were read into `out`; kMalformed for bytes that `encode_paths` cannot have written, kNoSpace for
/// more paths than `out` holds.
[[nodiscard]] Result<std::size_t> decode_paths(ByteView bytes, std::span<lwm2m::Path> out) noexcept;

}  // namespace linnet::server
