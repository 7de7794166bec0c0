// SPDX-License-Identifier: Apache-2.0
// LwM2M Server, object 1 version 1.1: how to deal with each server. The engine reads it (lifetime,
// binding, default periods, retries) and does what its commands ask.
#pragma once

#include <array>

#include "linnet/client/features.hpp"
#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// What every account needs. Images without sequences, bootstrap, Send and persistence hold no more.
struct CompactServerInstance {
  std::int32_t short_server_id = 1;
  std::int32_t lifetime = 86400;             ///< seconds
  std::optional<std::int32_t> default_pmin;  ///< seconds, as all below
  std::optional<std::int32_t> default_pmax;
  std::optional<std::int32_t> disable_timeout;  ///< 86400 where absent
  bool notification_storing = true;
  Text<8> binding{"U"};

  /// What commands do is the engine's business.
  Result<void> obeyed_by_engine(std::string_view) noexcept { return {}; }

  static constexpr std::int64_t kMaxSeconds = INT32_MAX;
  static bool is_binding(const Value& value) noexcept;

  static constexpr ObjectId kId = 1;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = CompactServerInstance;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&Self::short_server_id>(0, Operations::kR, Presence::kMandatory, in_range<1, 65534>),
        resource<&Self::lifetime>(1, Operations::kRW, Presence::kMandatory, in_range<1, kMaxSeconds>),
        resource<&Self::default_pmin>(2, Operations::kRW, Presence::kOptional, in_range<0, kMaxSeconds>),
        resource<&Self::default_pmax>(3, Operations::kRW, Presence::kOptional, in_range<0, kMaxSeconds>),
        command<&Self::obeyed_by_engine>(4),
        resource<&Self::disable_timeout>(5, Operations::kRW, Presence::kOptional, in_range<0, kMaxSeconds>),
        resource<&Self::notification_storing>(6, Operations::kRW, Presence::kMandatory),
        resource<&Self::binding>(7, Operations::kRW, Presence::kMandatory, is_binding),
        command<&Self::obeyed_by_engine>(8, Presence::kMandatory)};
  }
};

/// All resources of version 1.1.
struct WholeServerInstance : CompactServerInstance {
  std::optional<lwm2m::Objlnk> apn_link;   ///< an instance of object 11
  std::optional<std::uint8_t> alert_code;  ///< the last TLS or DTLS alert (TS 5.2.9)
  std::optional<UnixTime> last_bootstrapped;
  std::optional<std::uint32_t> priority;        ///< Registration Priority Order, the lowest first
  std::optional<std::uint32_t> initial_delay;   ///< before the first Register, seconds
  std::optional<bool> failure_block;            ///< a failure ends the order of servers; false where absent
  std::optional<bool> bootstrap_on_failure;     ///< true where absent
  std::optional<std::uint32_t> retry_count;     ///< Communication Retry Count: attempts of a sequence
  std::optional<std::uint32_t> retry_timer;     ///< seconds to the second attempt, doubled from then on
  std::optional<std::uint32_t> sequence_delay;  ///< seconds to the next sequence
  std::optional<std::uint32_t> sequence_count;
  std::optional<bool> trigger;                 ///< the server may trigger by SMS
  std::optional<Text<1>> preferred_transport;  ///< U, T, S or N
  std::optional<bool> mute_send;               ///< true where absent

  static bool is_transport(const Value& value) noexcept;

  using Self = WholeServerInstance;
  static constexpr auto resources() noexcept {
    return joined(
        CompactServerInstance::resources(),
        std::array{
            command<&Self::obeyed_by_engine>(9), resource<&Self::apn_link>(10, Operations::kRW),
            resource<&Self::alert_code>(11, Operations::kR),
            resource<&Self::last_bootstrapped>(12, Operations::kR),
            resource<&Self::priority>(13, Operations::kNone),
            resource<&Self::initial_delay>(14, Operations::kNone),
            resource<&Self::failure_block>(15, Operations::kNone),
            resource<&Self::bootstrap_on_failure>(16, Operations::kNone),
            resource<&Self::retry_count>(17, Operations::kNone),
            resource<&Self::retry_timer>(18, Operations::kNone),
            resource<&Self::sequence_delay>(19, Operations::kNone),
            resource<&Self::sequence_count>(20, Operations::kNone),
            resource<&Self::trigger>(21, Operations::kRW),
            resource<&Self::preferred_transport>(22, Operations::kRW, Presence::kOptional, is_transport),
            resource<&Self::mute_send>(23, Operations::kRW)});
  }
};

inline constexpr bool kWholeServerObject = kSequence || kBootstrap || kSend || kPersistence;
using ServerInstance = std::conditional_t<kWholeServerObject, WholeServerInstance, CompactServerInstance>;

template <std::size_t N>
using ServerObject = Instances<ServerInstance, N>;

}  // namespace linnet::client
