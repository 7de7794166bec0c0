// SPDX-License-Identifier: Apache-2.0
// The accounts that a smartcard brought (Core 1.1 §6.1.4.2): what was applied, so that a card that is the
// same is left alone, one that changed takes the place of what it brought, and what it brought goes with it.
// Kept with the state of the device.
//
//   part = 1 digest{32} (instance{2} digest{32})*   of the card's file; of each account, an instance of
//   object 0
#pragma once

#include <array>
#include <map>
#include <optional>

#include "linnet/client/engine.hpp"

namespace linnet::device {

class CardAccounts final : public client::Persistent {
 public:
  using Digest = std::array<std::uint8_t, 32>;  ///< SHA-256

  /// The file is the one that was applied last.
  [[nodiscard]] bool knows(ByteView file) const;
  [[nodiscard]] bool any() const noexcept { return card_.has_value(); }
  /// The objects of EF(LwM2M_Bootstrap) into the device, in one transaction; what an earlier card brought is
  /// deleted first, and stays deleted where these are refused. Errors of card::for_each_object and
  /// Engine::provision.
  [[nodiscard]] Result<void> apply(client::Engine& engine, ByteView file);
  /// Deletes what the card brought and nobody has changed since. Errors of Engine::withdraw.
  [[nodiscard]] Result<void> withdraw(client::Engine& engine);
  void clear() noexcept;

  [[nodiscard]] std::uint16_t part_id() const noexcept override { return 0x8002; }
  void save(ByteWriter& out) const noexcept override;
  void load(ByteView state) noexcept override;

 private:
  std::optional<Digest> card_;
  std::map<client::InstanceId, Digest> accounts_;
};

}  // namespace linnet::device
