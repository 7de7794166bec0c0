// SPDX-License-Identifier: Apache-2.0
// The permutation of Chaskey-12 (Mouha and others, 2014; ISO/IEC 29192-6): 128 bits, made for processors of
// 32 bits, for values that only we can make.
#pragma once

#include <array>
#include <cstdint>

namespace linnet::coap {

using ChaskeyBlock = std::array<std::uint32_t, 4>;  ///< sixteen bytes as little-endian words

/// All twelve rounds, in place.
void chaskey_permute(ChaskeyBlock& block) noexcept;

}  // namespace linnet::coap
