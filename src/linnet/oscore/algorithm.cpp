// SPDX-License-Identifier: Apache-2.0
#include "linnet/oscore/algorithm.hpp"

namespace linnet::oscore {

namespace {

constexpr AlgorithmProperties kProperties[] = {
    {Algorithm::kAesGcm128, 16, 12, 16},
    {Algorithm::kAesGcm192, 24, 12, 16},
    {Algorithm::kAesGcm256, 32, 12, 16},
    {Algorithm::kAesCcm16Tag64Key128, 16, 13, 8},
    {Algorithm::kAesCcm16Tag64Key256, 32, 13, 8},
    {Algorithm::kAesCcm64Tag64Key128, 16, 7, 8},
    {Algorithm::kAesCcm64Tag64Key256, 32, 7, 8},
    {Algorithm::kChaCha20Poly1305, 32, 12, 16},
    {Algorithm::kAesCcm16Tag128Key128, 16, 13, 16},
    {Algorithm::kAesCcm16Tag128Key256, 32, 13, 16},
    {Algorithm::kAesCcm64Tag128Key128, 16, 7, 16},
    {Algorithm::kAesCcm64Tag128Key256, 32, 7, 16},
};

}  // namespace

const AlgorithmProperties* properties(Algorithm algorithm) noexcept {
  for (const AlgorithmProperties& row : kProperties) {
    if (row.algorithm == algorithm) return &row;
  }
  return nullptr;
}

}  // namespace linnet::oscore
