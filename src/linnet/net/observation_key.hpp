// SPDX-License-Identifier: Apache-2.0
// The key under which the store keeps an observation: its shard and its id there.
#pragma once

#include <array>
#include <string_view>

#include "linnet/server/operation.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

class ObservationKey {
 public:
  /// An observation ends with its registration, not at a time of its own.
  static constexpr UnixTime kExpiry{INT64_MAX};

  ObservationKey(unsigned shard, server::ObservationId id) noexcept {
    bytes_[0] = static_cast<char>(shard);
    for (std::size_t i = 1; i < bytes_.size(); ++i) {
      bytes_[i] = static_cast<char>(static_cast<std::uint64_t>(id) >> (8 * (bytes_.size() - 1 - i)));
    }
  }
  /// A view into this key.
  [[nodiscard]] store::RecordKey record() const noexcept {
    return {store::RecordKind::kObservation, std::string_view(bytes_.data(), bytes_.size())};
  }
  /// The shard of a key that was loaded; no shard there is for other bytes.
  [[nodiscard]] static unsigned shard_of(std::string_view key) noexcept {
    return key.size() == kSize ? static_cast<unsigned char>(key[0]) : UINT8_MAX;
  }

 private:
  static constexpr std::size_t kSize = 8;
  std::array<char, kSize> bytes_;
};

}  // namespace linnet::net
