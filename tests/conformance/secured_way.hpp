// SPDX-License-Identifier: Apache-2.0
// The way between two ends of a test case over DTLS 1.2 or TLS: each end is ours, or GnuTLS as the script
// wants it. What is ours seals what it says and opens what it hears.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "linnet/tls/client_channel.hpp"
#include "linnet/tls/server_channel.hpp"
#include "message.hpp"
#include "tests/unit/tls/client_double.hpp"
#include "tests/unit/tls/server_double.hpp"

namespace linnet::conformance {

/// What both ends have; all that is referred to must outlive the way.
struct SecuredEnds {
  tls::Transport transport = tls::Transport::kDatagram;  ///< also of both wishes
  bool our_device = false;
  bool our_server = false;
  client::SecurityParameters parameters;                                  ///< of our device
  tls::test::ClientWish device;                                           ///< of the script
  tls::ServerIdentity identity;                                           ///< of our server ...
  server::Credentials::Shared credentials = server::Credentials::none();  ///< ... and whom it takes
  tls::test::ServerWish server;                                           ///< of the script
};

class SecuredWay final : public client::Wire, public client::Platform {
 public:
  explicit SecuredWay(SecuredEnds ends);

  /// Both ends are there.
  [[nodiscard]] bool shake_hands();
  /// A message through a record from one end to the other; empty where none arrives.
  [[nodiscard]] Bytes carry(const Bytes& message, bool from_device);

  /// The suite that the ServerHello named when it passed, by its number at IANA.
  [[nodiscard]] std::optional<std::uint16_t> suite() const { return suite_; }
  /// The alert by which our device, our server refused the other end, in clear as it passed.
  [[nodiscard]] std::optional<std::uint8_t> alert_of_device() const { return alert_of_device_; }
  [[nodiscard]] std::optional<std::uint8_t> alert_of_server() const { return alert_of_server_; }
  /// Who the device proved to be to our server: identity, public key or name.
  [[nodiscard]] std::string proven() const;

 private:
  void transmit(ByteView bytes) noexcept override;
  std::optional<UnixTime> unix_time() noexcept override { return tls::test::kPresent; }
  void flow();
  void pass_to_server(const Bytes& datagram);
  void pass_to_device(const Bytes& datagram);
  [[nodiscard]] bool over_stream() const { return ends_.transport == tls::Transport::kStream; }
  [[nodiscard]] std::vector<std::string>& heard_from(bool device);
  void look_at(const Bytes& datagram, std::optional<std::uint8_t>& alert);
  [[nodiscard]] std::vector<tls::OwnedBytes> take_from_device();
  [[nodiscard]] std::vector<tls::OwnedBytes> take_from_server();

  SecuredEnds ends_;
  tls::ClientChannelConfig config_;
  std::unique_ptr<tls::ClientChannel> channel_;  // our device
  std::unique_ptr<tls::test::ClientDouble> scripted_device_;
  std::unique_ptr<tls::ServerSecurity> security_;       // our server
  std::unique_ptr<tls::test::ServerEnd> server_;        // ... over DTLS
  std::unique_ptr<tls::ServerChannel> server_channel_;  // ... over TLS
  std::unique_ptr<tls::test::ServerDouble> scripted_server_;
  std::vector<tls::OwnedBytes> from_channel_, from_server_channel_;
  std::vector<std::string> heard_by_device_, heard_by_server_;
  Bytes last_record_;
  std::optional<std::uint16_t> suite_;
  std::optional<std::uint8_t> alert_of_device_, alert_of_server_;
};

}  // namespace linnet::conformance
