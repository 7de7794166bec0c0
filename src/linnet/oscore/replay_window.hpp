// SPDX-License-Identifier: Apache-2.0
// Which Partial IVs of a peer were seen (RFC 8613 §7.4): the newest, and a bit for each of those before it.
#pragma once

#include "linnet/oscore/derivation.hpp"

namespace linnet::oscore {

/// Empty: everything is new.
class ReplayWindow {
 public:
  static constexpr unsigned kSize = 64;

  /// Whether `piv` is neither seen nor too old to know.
  [[nodiscard]] constexpr bool is_new(PartialIv piv) const noexcept {
    if (piv >= next_) return true;
    const PartialIv age = next_ - 1 - piv;
    return age < kSize && (seen_ >> age & 1U) == 0;
  }
  /// `piv` came, in a message that was verified.
  constexpr void take(PartialIv piv) noexcept {
    if (piv < next_) {
      const PartialIv age = next_ - 1 - piv;
      if (age < kSize) seen_ |= std::uint64_t{1} << age;
      return;
    }
    const PartialIv step = piv + 1 - next_;
    seen_ = (step < kSize ? seen_ << step : 0) | 1U;
    next_ = piv + 1;
  }
  /// Starts with `piv` as the lower limit: it and everything before it are seen (RFC 8613 appendix B.1.2).
  constexpr void start_at(PartialIv piv) noexcept {
    next_ = piv + 1;
    seen_ = UINT64_MAX;
  }

 private:
  PartialIv next_ = 0;      // above the newest
  std::uint64_t seen_ = 0;  // bit n: next_ - 1 - n
};

}  // namespace linnet::oscore
