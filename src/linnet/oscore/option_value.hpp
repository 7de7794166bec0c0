// SPDX-License-Identifier: Apache-2.0
// The value of the OSCORE option: the compressed headers of the COSE object (RFC 8613 §6.1).
#pragma once

#include <optional>

#include "linnet/base/result.hpp"
#include "linnet/oscore/derivation.hpp"

namespace linnet::oscore {

struct OptionValue {
  /// Bytes of a value written here: flags, Partial IV, kid context with its size, kid.
  static constexpr std::size_t kMaxSize = 1 + kMaxPartialIvSize + 1 + (kMaxIdContext + 2) + kMaxIdSize;

  std::optional<PartialIv> piv;
  std::optional<ByteView> kid_context;
  std::optional<ByteView> kid;

  /// Views are of `value`. kMalformed for reserved flags and lengths, missing bytes, bytes too many (there
  /// are 255 at most), and a Partial IV with leading zeros (RFC 8613 §5).
  [[nodiscard]] static Result<OptionValue> decode(ByteView value) noexcept;
  /// The size written, or kNoSpace.
  [[nodiscard]] Result<std::size_t> encode(ByteSpan out) const noexcept;
};

/// A byte string of CBOR around an ID Context, as appendix B.2 of RFC 8613 puts it into the kid context.
/// Writes into `out` and gives the size, or kNoSpace.
[[nodiscard]] Result<std::size_t> wrap(ByteView id_context, ByteSpan out) noexcept;
/// What is in it; nothing when it is something else.
[[nodiscard]] std::optional<ByteView> unwrap(ByteView kid_context) noexcept;

}  // namespace linnet::oscore
