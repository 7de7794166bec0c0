// SPDX-License-Identifier: Apache-2.0
// What bootstrap servers write into object 0, as the script has it: SenML CBOR by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "message.hpp"

namespace linnet::conformance {

/// Bytes behind their length, as a CBOR item of that major type (RFC 8949 §3.1).
inline std::string counted(std::uint8_t major, std::string_view bytes) {
  const std::size_t size = bytes.size();
  const unsigned type = unsigned{major} << 5U;
  std::string head;
  if (size < 24) {
    head = {static_cast<char>(type | size)};
  } else if (size < 256) {
    head = {static_cast<char>(type | 24U), static_cast<char>(size)};
  } else {
    head = {static_cast<char>(type | 25U), static_cast<char>(size >> 8U), static_cast<char>(size)};
  }
  return head + std::string(bytes);
}
/// The value of an Opaque, with its label.
inline std::string opaque(ByteView bytes) {
  return hex("08") + counted(2, as_text(bytes));
}

/// Instance 5 of object 0 for server 123: `keys` are the resources 2 to 5, `others` what follows resource 10,
/// `count` is how many records there are.
inline std::string account_pack(unsigned count, std::string_view uri, const std::string& keys,
                                const std::string& others) {
  return std::string(1, static_cast<char>(0x80U + count)) + hex("a3 21 65 2f302f352f 00 6130 03") +
         counted(3, uri) + hex("a2 00 6131 04 f4") + keys + hex("a2 00 623130 02 187b") + others;
}

/// Instance 5 of object 1 for server 123.
inline const std::string kServerPack = hex(R"(84 a3 21 65 2f312f352f 00 6130 02 187b   a2 00 6131 02 19012c
                                              a2 00 6136 04 f5   a2 00 6137 03 6155)");

}  // namespace linnet::conformance
