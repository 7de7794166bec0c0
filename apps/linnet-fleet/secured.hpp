// SPDX-License-Identifier: Apache-2.0
// DTLS for the devices of a fleet: one pre-shared key for all, the endpoint name as identity. The
// library's session of a device lives as long as its handshake; 256 bytes are left of it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/tls/association.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::fleet {

class SecuredDevices {
 public:
  enum class Progress : std::uint8_t { kGoing, kDone, kFailed };
  using Send = std::function<void(std::uint32_t device, ByteView datagram)>;

  /// The error is a sentence. `send` is called from inside `begin`, `receive` and `repeat`.
  [[nodiscard]] static std::expected<std::unique_ptr<SecuredDevices>, std::string> make(
      std::uint32_t devices, std::vector<std::uint8_t> key, Send send);
  SecuredDevices(const SecuredDevices&) = delete;
  SecuredDevices& operator=(const SecuredDevices&) = delete;

  /// Starts a handshake, whatever was before.
  void begin(std::uint32_t device, const std::string& identity);
  /// A datagram while a handshake goes on.
  Progress receive(std::uint32_t device, ByteView datagram);
  /// The last flight may be lost: sends it again if the library finds that it is time.
  void repeat(std::uint32_t device);

  [[nodiscard]] bool shaking_hands(std::uint32_t device) const { return handshakes_.contains(device); }
  [[nodiscard]] bool open(std::uint32_t device) const noexcept { return associations_[device].exists(); }

  /// The part of a datagram's buffer where a message has to be written.
  [[nodiscard]] ByteSpan message_space(std::uint32_t device, ByteSpan buffer) const noexcept;
  /// Makes a record of the `size` bytes there: its own size, 0 where it cannot be.
  [[nodiscard]] std::size_t seal(std::uint32_t device, ByteSpan buffer, std::size_t size) noexcept;
  /// The message in a datagram, empty where there is none. It is decrypted in place.
  [[nodiscard]] ByteView open(std::uint32_t device, ByteSpan datagram) noexcept;

 private:
  struct Handshake {
    std::uint32_t device = 0;
    SecuredDevices* owner = nullptr;
    tls::PskClientCredentials credentials;
    tls::Session session;  // after what it refers to
    ByteView incoming;
  };

  SecuredDevices(std::uint32_t devices, tls::PriorityCache priorities, std::vector<std::uint8_t> key,
                 Send send)
      : associations_(devices),
        priorities_(std::move(priorities)),
        key_(std::move(key)),
        send_(std::move(send)) {}

  Progress go_on(Handshake& handshake);

  // What the library calls.
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept;
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept;
  static int wait(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept;

  std::vector<tls::Association> associations_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Handshake>> handshakes_;
  tls::PriorityCache priorities_;
  std::vector<std::uint8_t> key_;
  Send send_;
};

}  // namespace linnet::fleet
