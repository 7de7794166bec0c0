// SPDX-License-Identifier: Apache-2.0
// OSCORE for the devices of a fleet: one Master Secret for all, a context each, whose Sender ID is the
// device's number in four bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "linnet/net/system_random.hpp"
#include "linnet/oscore/contexts.hpp"
#include "linnet/tls/nettle_crypto.hpp"

namespace linnet::fleet {

class ProtectedDevices final : private oscore::SequenceKeeper {
 public:
  static constexpr std::uint8_t kServerId = 's';  ///< the server's Sender ID

  /// The error is a sentence. Sequence numbers begin at 0: a server that met these contexts before takes them
  /// for replays.
  [[nodiscard]] static std::expected<std::unique_ptr<ProtectedDevices>, std::string> make(
      std::uint32_t devices, const std::vector<std::uint8_t>& secret);
  ProtectedDevices(const ProtectedDevices&) = delete;
  ProtectedDevices& operator=(const ProtectedDevices&) = delete;

  /// The protected message of a request, under a number of its own each time; empty where it cannot be. Good
  /// until the next call.
  [[nodiscard]] ByteView seal(std::uint32_t device, ByteView request) noexcept;
  /// What a message that answers the newest request says, as coap::Protection::open_response. Good as above.
  [[nodiscard]] coap::OpenedMessage open(std::uint32_t device, const coap::Message& message) noexcept {
    return contexts_.open_response(coap::LinkId{device}, bindings_[device], message);
  }

  /// What the server wants, to stand in the request once more; empty for nothing.
  [[nodiscard]] ByteView echo(std::uint32_t device) const noexcept { return echoes_[device].view(); }
  void set_echo(std::uint32_t device, ByteView value) noexcept;

 private:
  static constexpr std::size_t kMaxEcho = 40;  // RFC 9175 §2.2.1

  explicit ProtectedDevices(std::uint32_t devices) : bindings_(devices), echoes_(devices) {}
  void on_sequence_low(oscore::ContextId /*id*/, oscore::PartialIv /*next*/) noexcept override {}

  tls::NettleCrypto crypto_;
  net::SystemRandom random_;
  std::vector<std::byte> memory_;
  oscore::Contexts contexts_;
  std::vector<coap::SecurityBinding> bindings_;  // of the newest request
  std::vector<oscore::ShortBytes<kMaxEcho>> echoes_;
};

}  // namespace linnet::fleet
