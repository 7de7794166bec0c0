// SPDX-License-Identifier: Apache-2.0
// One script for three runs of a test case: our device against the script as its server, our server
// against the script as its device, and the two together. In each, whatever one of ours sends is held
// against the script byte by byte; only message ids, tokens and the location are the sender's choice.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "device_side.hpp"
#include "server_side.hpp"

namespace linnet::conformance {

enum class Role : std::uint8_t {
  kDevice,
  kServer,
  kTogether,
  kDeviceOverTcp,
  kServerOverTcp,
  kTogetherOverTcp
};

inline std::string name_of(const testing::TestParamInfo<Role>& info) {
  static constexpr std::array kNames{"OurDevice",        "OurServer",        "Together",
                                     "OurDeviceOverTcp", "OurServerOverTcp", "TogetherOverTcp"};
  return kNames[static_cast<std::size_t>(info.param)];
}

class Case : public testing::TestWithParam<Role> {
 protected:
  using Trigger = std::function<void()>;
  enum class Reaction : std::uint8_t { kTaken, kReset };

  [[nodiscard]] bool has_device() const {
    return GetParam() != Role::kServer && GetParam() != Role::kServerOverTcp;
  }
  [[nodiscard]] bool has_server() const {
    return GetParam() != Role::kDevice && GetParam() != Role::kDeviceOverTcp;
  }
  /// Messages are frames of a connection (RFC 8323 §3.2), and the binding is T.
  [[nodiscard]] bool over_tcp() const { return GetParam() >= Role::kDeviceOverTcp; }

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

  /// A datagram on its way from one end to the other: what arrives. As it is, where nothing protects it.
  enum class End : std::uint8_t { kDevice, kServer };
  virtual Bytes carry(const Bytes& datagram, End /*from*/) { return datagram; }

  /// Time goes by until the span is over or our device has something to say; each engine is woken
  /// whenever it asked for it.
  void pass(Millis span);
  /// ... and nobody says anything.
  void pass_quietly(Millis span);

  [[nodiscard]] server::RegistrationId registration() const;

  /// Whom the device speaks with: `tell`, `follows` and `ask` are about this server.
  enum class Peer : std::uint8_t { kServer, kBootstrapServer };
  Peer peer = Peer::kServer;

  DeviceSide device;
  ServerSide server;
  BootstrapSide bootstrap;  ///< to be started by who needs it
  Instant now{Seconds{1000}};

 private:
  struct Head {
    std::uint16_t id = 0;
    Bytes token;
  };
  struct Sent {
    Bytes datagram;
    Head head;
  };

  [[nodiscard]] Head head_of(const Bytes& sent) const;
  [[nodiscard]] Message as_carried(const Message& message) const;
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
};

/// All six, for cases that are the same over TCP.
inline const auto kEverywhere =
    testing::Values(Role::kDevice, Role::kServer, Role::kTogether, Role::kDeviceOverTcp, Role::kServerOverTcp,
                    Role::kTogetherOverTcp);

/// The Register of our device; `objects` is what it lists behind `</1>;ver=1.1`.
[[nodiscard]] Message register_message(const std::string& objects = "</1/0>,</3>;ver=1.1,</3/0>");
[[nodiscard]] Message registered_answer();

}  // namespace linnet::conformance
