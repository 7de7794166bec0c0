// SPDX-License-Identifier: Apache-2.0
// One script for three runs of a test case: our device against the script as its server, our server
// against the script as its device, and the two together. In each, whatever one of ours sends is held
// against the script byte by byte; only message ids, tokens and the location are the sender's choice.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "device_side.hpp"
#include "secured_way.hpp"
#include "server_side.hpp"

namespace linnet::conformance {

/// What is ours, over each transport in turn.
enum class Role : std::uint8_t {
  kDevice,
  kServer,
  kTogether,
  kDeviceOverTcp,
  kServerOverTcp,
  kTogetherOverTcp,
  kDeviceOverDtls,
  kServerOverDtls,
  kTogetherOverDtls,
  kDeviceOverTls,
  kServerOverTls,
  kTogetherOverTls,
};

inline std::string name_of(const testing::TestParamInfo<Role>& info) {
  static constexpr std::array kOurs{"OurDevice", "OurServer", "Together"};
  static constexpr std::array kOver{"", "OverTcp", "OverDtls", "OverTls"};
  const auto index = static_cast<std::size_t>(info.param);
  return std::string(kOurs[index % 3]) + kOver[index / 3];
}

/// What the device proves over DTLS and TLS, where a case has nothing else in mind.
inline constexpr std::string_view kIdentity = "ets-identity";
inline constexpr std::array<std::uint8_t, 16> kKey{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                                   0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F};

class Case : public testing::TestWithParam<Role> {
 protected:
  using Trigger = std::function<void()>;
  enum class Reaction : std::uint8_t { kTaken, kReset };

  [[nodiscard]] bool has_device() const { return ours_of_role() != 1; }
  [[nodiscard]] bool has_server() const { return ours_of_role() != 0; }
  /// Messages are frames of a connection (RFC 8323 §3.2), and the binding is T.
  [[nodiscard]] bool over_stream() const { return transport() == 1 || transport() == 3; }
  /// ... or of DTLS or TLS with a pre-shared key.
  [[nodiscard]] bool secured() const { return transport() >= 2; }
  /// `place` under the scheme of this transport.
  [[nodiscard]] std::string uri_of(std::string_view place) const;
  /// Over TCP and TLS the binding of an account, 1/x/7, is another one than the script has.
  [[nodiscard]] Message as_carried(const Message& message) const;

  /// Sets up what is ours, with objects beside 0, 1 and 3; the device's first Register is on its way.
  void start(std::vector<client::Object*> extra = {});
  /// ... and lets it register; `objects` is what the Register lists behind `</3/0>`.
  void registered(std::vector<client::Object*> extra = {}, const std::string& objects = "");

  /// The device says something: `trigger` makes ours say it (empty where it does so by itself).
  void tell(const Trigger& trigger, const Message& request, const Message& response);
  /// The server asks something of the device.
  void ask(const Message& request, const Message& response);
  /// ... with a payload of several blocks of 1024 bytes (RFC 7959 §2.5).
  void ask_in_blocks(const Message& request, const Message& response);
  /// ... which sleeps: nothing is sent before the device's next contact, behind which `released` comes.
  void hold(const Message& request);
  void released(const Message& request, const Message& response);
  /// ... which our bootstrap server does by itself, as its configuration says.
  void follows(const Message& request, const Message& response);
  /// The device notifies what was observed last, Non-confirmable where the message says nothing else.
  void notified(const Trigger& trigger, const Message& message, Reaction reaction = Reaction::kTaken);

  enum class End : std::uint8_t { kDevice, kServer };

  using Account = client::BasicSecurityInstance<client::kAmpleSecuritySizes>;
  static void take_psk(Account& account);
  /// From here on what the device says to the server of that account goes over DTLS or TLS, by what the
  /// account holds where the device is ours; one of mode 4 is used with the certificate and the key in
  /// `ends.parameters`.
  SecuredWay& secure(SecuredEnds ends, client::InstanceId account = 0);
  /// ... by the pre-shared key of all cases; both ends are there.
  void secure_with_psk(client::InstanceId account);

  /// Time goes by until the span is over or our device has something to say; each engine is woken
  /// whenever it asked for it.
  void pass(Millis span);
  /// ... and nobody says anything.
  void pass_quietly(Millis span);

  [[nodiscard]] server::RegistrationId registration() const;
  /// What protects the messages to `peer`; null for nothing.
  [[nodiscard]] SecuredWay* way() const { return ways_[static_cast<std::size_t>(peer)].get(); }

  /// Whom the device speaks with: `tell`, `follows` and `ask` are about this server.
  enum class Peer : std::uint8_t { kServer, kBootstrapServer };
  Peer peer = Peer::kServer;

  DeviceSide device;
  ServerSide server;
  BootstrapSide bootstrap;  ///< to be started by who needs it
  Instant now{Seconds{1000}};

 private:
  [[nodiscard]] static std::size_t ours_of_role() { return static_cast<std::size_t>(GetParam()) % 3; }
  [[nodiscard]] static std::size_t transport() { return static_cast<std::size_t>(GetParam()) / 3; }
  struct Head {
    std::uint16_t id = 0;
    Bytes token;
  };
  struct Sent {
    Bytes datagram;
    Head head;
  };

  /// A datagram or a frame on its way from one end to the other: what arrives.
  [[nodiscard]] Bytes carry(const Bytes& message, End from);
  [[nodiscard]] Head head_of(const Bytes& sent) const;
  /// As the script has it, in the form of this transport.
  [[nodiscard]] Bytes written(const Message& message, Kind kind, const Head& head) const;
  /// Our server starts the operation; `end` holds what it says of its outcome against the response.
  void perform(const Message& request);
  void end(const Message& response, const Bytes& reply);
  /// The request, from ours or from the script, to the device, and its reply.
  Bytes exchange(const Message& request, const Message& response);
  void to_device(const Bytes& datagram);
  void to_server(const Bytes& datagram);
  [[nodiscard]] std::deque<Bytes>& from_server();
  void expect_no_answer();
  [[nodiscard]] bool ours(End end) const { return end == End::kDevice ? has_device() : has_server(); }
  [[nodiscard]] std::deque<Bytes>& sent_by(End end);
  /// A message of ours, taken and held against the script, or the script itself; as it arrives.
  Sent said(End end, const Message& message, Kind kind, const Bytes& token);
  Bytes replied(End end, const Message& message, const Head& head);

  std::string place_ = "5a3f";  ///< the second segment of the location
  server::OperationId operation_{};
  Bytes observed_;  ///< the token of what was observed last
  std::uint16_t next_id_ = 0x2000;
  std::uint8_t next_token_ = 0x70;
  // By peer, with the room of what `secure` reads of the account.
  std::array<std::unique_ptr<SecuredWay>, 2> ways_;
  std::array<std::vector<std::uint8_t>, 2> rooms_;
};

/// All of them, for cases that are the same over every transport.
inline const auto kEverywhere = testing::Values(
    Role::kDevice, Role::kServer, Role::kTogether, Role::kDeviceOverTcp, Role::kServerOverTcp,
    Role::kTogetherOverTcp, Role::kDeviceOverDtls, Role::kServerOverDtls, Role::kTogetherOverDtls,
    Role::kDeviceOverTls, Role::kServerOverTls, Role::kTogetherOverTls);

/// The Register of our device; `objects` is what it lists behind `</1>;ver=1.1`.
[[nodiscard]] Message register_message(const std::string& objects = "</1/0>,</3>;ver=1.1,</3/0>");
[[nodiscard]] Message registered_answer();

}  // namespace linnet::conformance
