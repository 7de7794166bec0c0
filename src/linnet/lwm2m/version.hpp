// SPDX-License-Identifier: Apache-2.0
// Versions as they are written on the wire: of objects (`ver=1.1`) and of LwM2M itself (`lwm2m=1.1`).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::lwm2m {

/// MAJOR.MINOR, each 0 to 255.
struct Version {
  std::uint8_t major = 1;
  std::uint8_t minor = 0;

  /// Decimal digits, one dot, no sign, no leading zero, no quotes. Errc::kMalformed otherwise.
  [[nodiscard]] static Result<Version> parse(std::string_view text) noexcept;
  /// Appends `1.0`.
  void write(ByteWriter& out) const noexcept;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

/// The version of an object that names none (Core 1.1 §7.2.2).
inline constexpr Version kDefaultObjectVersion{1, 0};

/// The versions of the enabler that linnet speaks.
enum class LwM2mVersion : std::uint8_t { k1_0, k1_1 };

[[nodiscard]] constexpr std::string_view to_string(LwM2mVersion version) noexcept {
  return version == LwM2mVersion::k1_0 ? "1.0" : "1.1";
}

/// 4.00 (kMalformed) for what is no version, 4.12 (kUnsupported) for another one than 1.0 and 1.1.
[[nodiscard]] Result<LwM2mVersion> parse_lwm2m_version(std::string_view text) noexcept;

}  // namespace linnet::lwm2m
