// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson, Bernstein 2012): a short keyed hash, for values that only we can make.
#pragma once

#include <array>
#include <cstdint>

namespace linnet::coap {

using SipKey = std::array<std::uint64_t, 2>;  ///< the sixteen key bytes as two little-endian words

/// The hash of eight bytes, as a little-endian word.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::uint64_t word) noexcept;

}  // namespace linnet::coap
