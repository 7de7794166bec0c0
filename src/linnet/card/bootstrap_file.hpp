// SPDX-License-Identifier: Apache-2.0
// EF(LwM2M_Bootstrap): objects with their instances in TLV (Core 1.1, appendix G.3.4).
//
//   file   = number{2} size{2} object*          number: of objects, size: bytes of all of them
//   object = id{2} version length{2} instances  instances: TLV of the object's instances, `length` bytes
//   version = 00 | major{1} minor{1}            00: of the enabler, or 1.0; major is 1 or more
//
// Numbers are big endian; a file has at most 32 kB.
#pragma once

#include <optional>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::card {

inline constexpr std::size_t kBootstrapHeader = 4;
inline constexpr std::size_t kMaxBootstrapFile = 32'768;

/// One object of the file; views into it.
struct StoredObject {
  lwm2m::ObjectId id = 0;
  std::optional<lwm2m::Version> version;  ///< absent: that of the enabler, or 1.0
  ByteView instances;                     ///< TLV for the path of the object
};

/// Bytes of the file that its first kBootstrapHeader bytes speak of, header included. kTruncated, kTooLarge.
[[nodiscard]] Result<std::size_t> bootstrap_file_size(ByteView file) noexcept;

/// Each object, until `take` fails. The file is looked at as a whole first: nothing is handed over of one
/// whose numbers and lengths do not fit (kMalformed, kTruncated, kTooLarge). What stands behind it is left
/// alone.
[[nodiscard]] Result<void> for_each_object(ByteView file,
                                           FunctionRef<Result<void>(const StoredObject&)> take) noexcept;

}  // namespace linnet::card
