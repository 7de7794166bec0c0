// SPDX-License-Identifier: Apache-2.0
// LWM2M APN Connection Profile, object 11 version 1.1: how to connect to an access point, and what came of
// it. The application connects as the profiles say and keeps them up to date; events tell it what servers
// write.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Authentication Type, 11/x/4.
enum class ApnAuthentication : std::uint8_t { kPap = 0, kChap = 1, kPapOrChap = 2, kNone = 3 };

/// PDN Type, 11/x/24.
enum class PdnType : std::uint8_t { kNonIp = 0, kIpv4 = 1, kIpv6 = 2, kIpv4v6 = 3 };

struct ApnConnectionProfileInstance {
  static constexpr std::size_t kAddresses = 2;  ///< one of IPv4, one of IPv6
  static constexpr std::size_t kAttempts = 4;   ///< that are kept
  using Label = Text<32>;
  using Apn = Text<100>;  ///< TS 23.003 §9.1
  using Address = Text<45>;

  Label name;
  std::optional<Apn> apn;
  std::optional<bool> select_automatically, enabled;
  std::int8_t authentication = static_cast<std::int8_t>(ApnAuthentication::kNone);
  std::optional<Label> user, secret;
  std::optional<Text<64>> reconnect_schedule;  ///< s, divided by commas
  Multiple<Text<8>, 4> validity;               ///< MCC, MNC
  Multiple<UnixTime, kAttempts> connected_at;
  Multiple<std::int8_t, kAttempts> outcomes;  ///< 0: accepted, 1: rejected
  Multiple<std::int8_t, kAttempts> causes;    ///< TS 24.008, TS 24.301
  Multiple<UnixTime, kAttempts> ended_at;
  std::optional<std::int64_t> bytes_sent, bytes_received, packets_sent;
  Multiple<Address, kAddresses> addresses;
  Multiple<Text<8>, kAddresses> prefix_lengths;
  Multiple<Address, kAddresses> masks, gateways, primary_dns, secondary_dns;
  std::optional<std::int8_t> qci, pdn_type;
  std::optional<std::int32_t> rate_control;
  std::optional<std::uint32_t> serving_rate_control;
  std::optional<std::uint8_t> time_unit;
  std::optional<std::int32_t> exception_rate_control;
  std::optional<std::uint8_t> exception_time_unit;
  Multiple<std::uint8_t, 8> radio_technologies;

  static constexpr ObjectId kId = 11;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = ApnConnectionProfileInstance;
  static constexpr auto resources() noexcept {
    constexpr Operations kR = Operations::kR;
    constexpr Operations kRW = Operations::kRW;
    constexpr Presence kOptional = Presence::kOptional;
    return std::array{resource<&Self::name>(0, kRW, Presence::kMandatory),
                      resource<&Self::apn>(1, kRW),
                      resource<&Self::select_automatically>(2, kRW),
                      resource<&Self::enabled>(3, kRW),
                      resource<&Self::authentication>(4, kRW, Presence::kMandatory, in_range<0, 3>),
                      resource<&Self::user>(5, kRW),
                      resource<&Self::secret>(6, kRW),
                      resource<&Self::reconnect_schedule>(7, kRW),
                      resource<&Self::validity>(8, kRW),
                      resource<&Self::connected_at>(9, kR),
                      resource<&Self::outcomes>(10, kR),
                      resource<&Self::causes>(11, kR),
                      resource<&Self::ended_at>(12, kR),
                      resource<&Self::bytes_sent>(13, kR),
                      resource<&Self::bytes_received>(14, kR),
                      resource<&Self::addresses>(15, kRW),
                      resource<&Self::prefix_lengths>(16, kRW),
                      resource<&Self::masks>(17, kRW),
                      resource<&Self::gateways>(18, kRW),
                      resource<&Self::primary_dns>(19, kRW),
                      resource<&Self::secondary_dns>(20, kRW),
                      resource<&Self::qci>(21, kR),
                      resource<&Self::packets_sent>(23, kR),
                      resource<&Self::pdn_type>(24, kRW, kOptional, in_range<0, 3>),
                      resource<&Self::rate_control>(25, kR),
                      resource<&Self::serving_rate_control>(26, kRW),
                      resource<&Self::time_unit>(27, kRW, kOptional, in_range<0, 4>),
                      resource<&Self::exception_rate_control>(28, kR),
                      resource<&Self::exception_time_unit>(29, kRW, kOptional, in_range<0, 4>),
                      resource<&Self::radio_technologies>(30, kRW)};
  }
};

template <std::size_t N>
using ApnConnectionProfileObject = Instances<ApnConnectionProfileInstance, N, Creation::kByServers>;

}  // namespace linnet::client
