// SPDX-License-Identifier: Apache-2.0
// BER-TLV as cards have it: in directories of PKCS#15, templates and file control parameters (ISO/IEC 8825-1,
// ETSI TS 101 220).
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"

namespace linnet::card {

/// One data object; tags of several bytes are one number ("7F49" is 0x7F49).
struct BerElement {
  std::uint32_t tag = 0;
  ByteView value;
};

/// The next data object of `in`. kMalformed: a tag of more than three bytes, a length of more than two, or an
/// indefinite one; kTruncated.
[[nodiscard]] Result<BerElement> next_element(ByteReader& in) noexcept;

/// Each data object of a file or a value, until `take` fails. A file may be longer than what stands in it: a
/// byte 00 or FF in place of a tag ends it.
[[nodiscard]] Result<void> for_each_element(ByteView bytes,
                                            FunctionRef<Result<void>(const BerElement&)> take) noexcept;

/// The first data object of this tag. kNotFound.
[[nodiscard]] Result<ByteView> find_element(ByteView bytes, std::uint32_t tag) noexcept;

}  // namespace linnet::card
