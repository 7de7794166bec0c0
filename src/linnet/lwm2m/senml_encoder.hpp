// SPDX-License-Identifier: Apache-2.0
// Records as a SenML pack (RFC 8428 §4), with the base name and base time that make it smallest. What JSON
// and CBOR do differently is a row of functions. Inside `lwm2m`.
#pragma once

#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {

/// What is being opened or closed.
enum class SenmlPart : std::uint8_t { kPack, kFirstRecord, kRecord };

/// How one format writes the parts of a pack.
struct SenmlForm {
  /// A pack of `size` records, or a record of `size` fields.
  void (*open)(ByteWriter& out, SenmlPart part, std::size_t size) noexcept;
  void (*close)(ByteWriter& out, SenmlPart part) noexcept;
  void (*label)(ByteWriter& out, SenmlLabel label, bool first) noexcept;
  void (*text)(ByteWriter& out, std::string_view text) noexcept;
  void (*seconds)(ByteWriter& out, double v) noexcept;
  /// A number, boolean or bytes. 4.06 (kUnsupported) where the format cannot hold it.
  Result<void> (*value)(ByteWriter& out, const Value& value) noexcept;
};

/// Runs `walk` twice: to plan, and to write. Errc::kInvalidArgument for a record that is not at or below
/// `base`, for a value above the level of a resource and for a time that is not finite; otherwise as any
/// encoder (codec.hpp).
[[nodiscard]] Result<std::size_t> encode_senml(const SenmlForm& form, const Path& base, RecordWalk walk,
                                               ByteSpan out) noexcept;

}  // namespace linnet::lwm2m
