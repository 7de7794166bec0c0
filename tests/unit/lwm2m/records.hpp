// SPDX-License-Identifier: Apache-2.0
// Records that own what they hold, and payloads as hexadecimal, for the tests of the formats.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m {

/// A record whose text or bytes are its own.
struct OwnedRecord {
  Path path;
  Value value;  // without what it views, which is in `bytes`
  std::string bytes;
  std::optional<double> time;

  OwnedRecord(const Path& at, const Value& v, std::optional<double> t = {});
  [[nodiscard]] Record view() const;
  friend bool operator==(const OwnedRecord& a, const OwnedRecord& b);
  friend std::ostream& operator<<(std::ostream& out, const OwnedRecord& record);
};

using Records = std::vector<OwnedRecord>;

[[nodiscard]] std::string from_hex(std::string_view hex);
[[nodiscard]] std::string to_hex(std::string_view bytes);

/// The payload of `records`, or the error's name ("!no space left") where there is none.
[[nodiscard]] std::string encoded(ContentFormat format, const Path& base, const Records& records,
                                  std::size_t room = 65536);

struct Decoded {
  Records records;
  std::optional<Error> error;
};

/// Every resource has the type `type`.
[[nodiscard]] Decoded decoded(ContentFormat format, const Path& base, std::string_view payload,
                              TypeOf type_of, std::size_t scratch = 4096);
[[nodiscard]] Decoded decoded(ContentFormat format, const Path& base, std::string_view payload,
                              DataType type = DataType::kNone, std::size_t scratch = 4096);

/// The error of a payload that must not be read.
[[nodiscard]] Error decode_error(ContentFormat format, const Path& base, std::string_view payload,
                                 DataType type = DataType::kNone, std::size_t scratch = 4096);

inline constexpr Error kBad{Errc::kMalformed, 0x80};
inline constexpr Error kCut{Errc::kTruncated, 0x80};
inline constexpr Error kWrong{Errc::kWrongType, 0x80};
inline constexpr Error kLarge{Errc::kTooLarge, 0x8D};
inline constexpr Error kUnread{Errc::kUnsupported, 0x8F};
inline constexpr Error kUnfit{Errc::kUnsupported, 0x86};

}  // namespace linnet::lwm2m
