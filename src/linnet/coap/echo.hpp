// SPDX-License-Identifier: Apache-2.0
// The Echo option on the server side (RFC 9175 §2, appendix A.2): values that hold the time and a
// keyed hash, so that nothing need be remembered of them.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/chaskey.hpp"
#include "linnet/coap/link.hpp"

namespace linnet::coap {

class EchoValues {
 public:
  static constexpr std::size_t kSize = 12;  ///< bytes: 4 of time, 8 of hash
  static constexpr Millis kFreshFor{60'000};

  using Value = std::array<std::uint8_t, kSize>;

  /// Draws the key.
  void init(Random& random) noexcept;
  /// A value for this peer, now.
  [[nodiscard]] Value make(LinkId link, Instant now) const noexcept;
  /// Whether `value` was made for this peer at most kFreshFor ago.
  [[nodiscard]] bool fresh(ByteView value, LinkId link, Instant now) const noexcept;

 private:
  using Words = std::array<std::uint32_t, kSize / 4>;
  [[nodiscard]] Words at(LinkId link, std::uint32_t millis) const noexcept;

  ChaskeyBlock key_{};
};

}  // namespace linnet::coap
