// SPDX-License-Identifier: Apache-2.0
// Security, object 0 version 1.1: where servers are and what keys belong to them. No server sees it;
// the bootstrap interface writes it, and whoever opens links reads it.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Bytes that an account has room for.
struct SecuritySizes {
  std::size_t uri = 96;                ///< Core 1.1: at most 255
  std::size_t identity = 128;          ///< PSK identity, public key or certificate
  std::size_t server_public_key = 96;  ///< or certificate
  std::size_t secret_key = 144;        ///< PSK (TS 5.2.8.1: at most 64), private key
  std::size_t sni = 64;
  std::size_t ciphersuites = 2;  ///< how many
};

/// Short addresses and pre-shared keys alone, for images that count every byte.
inline constexpr SecuritySizes kPskSecuritySizes{48, 32, 0, 32, 0, 1};
/// For devices with memory: certificates too.
inline constexpr SecuritySizes kAmpleSecuritySizes{255, 2048, 2048, 512, 255, 8};

template <SecuritySizes kSizes = SecuritySizes{}>
struct BasicSecurityInstance {
  enum Mode : std::int8_t { kPsk = 0, kRawPublicKey = 1, kCertificate = 2, kNoSec = 3, kEst = 4 };

  Text<kSizes.uri> uri;
  bool bootstrap_server = false;
  std::int8_t mode = kNoSec;
  Bytes<kSizes.identity> identity;
  Bytes<kSizes.server_public_key> server_public_key;
  Bytes<kSizes.secret_key> secret_key;
  std::optional<std::int16_t> sms_mode;
  std::optional<Text<16>> sms_number;  ///< of the server, an MSISDN
  std::optional<std::int32_t> short_server_id;
  std::optional<std::int32_t> hold_off;         ///< Client Hold Off Time, seconds
  std::optional<std::int32_t> account_timeout;  ///< Bootstrap-Server Account Timeout, seconds; 0: none
  std::optional<std::uint8_t> matching_type;
  std::optional<Text<kSizes.sni>> sni;
  std::optional<std::uint8_t> certificate_usage;
  Multiple<std::uint16_t, kSizes.ciphersuites> ciphersuites;  ///< IANA TLS Cipher Suites
  std::optional<lwm2m::Objlnk> oscore;                        ///< an instance of object 21

  static constexpr std::int64_t kMaxSeconds = INT32_MAX;
  static constexpr ObjectId kId = 0;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = BasicSecurityInstance;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&Self::uri>(0, Operations::kNone, Presence::kMandatory),
        resource<&Self::bootstrap_server>(1, Operations::kNone, Presence::kMandatory),
        resource<&Self::mode>(2, Operations::kNone, Presence::kMandatory, in_range<0, 4>),
        resource<&Self::identity>(3, Operations::kNone, Presence::kMandatory),
        resource<&Self::server_public_key>(4, Operations::kNone, Presence::kMandatory),
        resource<&Self::secret_key>(5, Operations::kNone, Presence::kMandatory),
        resource<&Self::sms_mode>(6, Operations::kNone, Presence::kOptional, in_range<0, 255>),
        resource<&Self::sms_number>(9, Operations::kNone),
        resource<&Self::short_server_id>(10, Operations::kNone, Presence::kOptional, in_range<1, 65534>),
        resource<&Self::hold_off>(11, Operations::kNone, Presence::kOptional, in_range<0, kMaxSeconds>),
        resource<&Self::account_timeout>(12, Operations::kNone, Presence::kOptional,
                                         in_range<0, kMaxSeconds>),
        resource<&Self::matching_type>(13, Operations::kNone, Presence::kOptional, in_range<0, 3>),
        resource<&Self::sni>(14, Operations::kNone),
        resource<&Self::certificate_usage>(15, Operations::kNone, Presence::kOptional, in_range<0, 3>),
        resource<&Self::ciphersuites>(16, Operations::kNone),
        resource<&Self::oscore>(17, Operations::kNone)};
  }
};

using SecurityInstance = BasicSecurityInstance<>;

template <std::size_t N, SecuritySizes kSizes = SecuritySizes{}>
using SecurityObject = Instances<BasicSecurityInstance<kSizes>, N>;

}  // namespace linnet::client
