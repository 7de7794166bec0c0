// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/association.hpp"

#include <algorithm>

namespace linnet::tls {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kWithoutStart = 1;  // a version that is read
constexpr std::size_t kNumberSize = 6;
constexpr std::size_t kStartSize = 4;
constexpr std::size_t kSaltSize = 4;

std::size_t secret_size(Protection protection) noexcept {
  const bool cbc = protection == Protection::kMacThenCbc || protection == Protection::kCbcThenMac;
  return cbc ? std::tuple_size_v<decltype(Association::read_mac)> : kSaltSize;
}

/// Gives a restored association, written down in start `written` (0: not counted), the numbers of this one.
/// False: what starts between have used cannot be known.
bool take_numbers(Association& association, std::uint64_t limit, std::uint64_t written,
                  Start start) noexcept {
  constexpr std::uint64_t kLast = Association::kLastNumber;
  const std::uint64_t now = std::uint64_t{start.number} + (start.own ? 0 : 1);
  if (written >= now) return false;
  const bool counted = written != 0;
  const std::uint64_t next = counted ? std::min(limit + (now - written - 1) * kNumbersAside, kLast) : limit;
  association.write_next = next & kLast;
  association.write_limit = std::min(counted && start.own ? next + kNumbersAside : next, kLast) & kLast;
  return true;
}

}  // namespace

Result<std::size_t> encode_association(const Association& association, std::uint64_t write_limit, Start start,
                                       ByteSpan out) noexcept {
  const std::size_t secret = secret_size(association.protection);
  ByteWriter writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(association.protection));
  writer.u8(static_cast<std::uint8_t>(association.proof));
  writer.uint(association.read_next, kNumberSize);
  writer.uint(association.read_window, 8);
  writer.uint(write_limit, kNumberSize);
  writer.uint(start.number, kStartSize);
  writer.bytes(association.read_key);
  writer.bytes(association.write_key);
  writer.bytes(ByteView(association.read_mac).first(secret));
  writer.bytes(ByteView(association.write_mac).first(secret));
  writer.u8(association.identity_size);
  writer.bytes(association.identity());
  return writer.finish();
}

Result<Association> decode_association(ByteView record, Start start) noexcept {
  ByteReader reader(record);
  const auto version = reader.u8();
  if (!version) return fail(Errc::kTruncated);
  if (*version != kVersion && *version != kWithoutStart) return fail(Errc::kUnsupported);
  const auto protection = reader.u8();
  const auto proof = reader.u8();
  const auto read_next = reader.uint(kNumberSize);
  const auto read_window = reader.uint(8);
  const auto write_limit = reader.uint(kNumberSize);
  const auto written = reader.uint(*version == kWithoutStart ? 0 : kStartSize);
  if (!protection || !proof || !read_next || !read_window || !write_limit || !written) {
    return fail(Errc::kTruncated);
  }
  if (*protection < static_cast<std::uint8_t>(Protection::kCcm8) ||
      *protection > static_cast<std::uint8_t>(Protection::kCbcThenMac) ||
      *proof > static_cast<std::uint8_t>(Proof::kCertificate)) {
    return fail(Errc::kMalformed);
  }
  Association association;
  association.protection = static_cast<Protection>(*protection);
  association.proof = static_cast<Proof>(*proof);
  association.read_next = *read_next & Association::kLastNumber;
  association.read_window = *read_window;
  if (!take_numbers(association, *write_limit, *written, start)) return fail(Errc::kMalformed);
  association.confirmed = true;
  const std::size_t secret = secret_size(association.protection);
  const auto read_key = reader.bytes(association.read_key.size());
  const auto write_key = reader.bytes(association.write_key.size());
  const auto read_mac = reader.bytes(secret);
  const auto write_mac = reader.bytes(secret);
  const auto size = reader.u8();
  if (!read_key || !write_key || !read_mac || !write_mac || !size) return fail(Errc::kTruncated);
  if (*size > kMaxIdentity) return fail(Errc::kMalformed);
  const auto identity = reader.bytes(*size);
  if (!identity) return fail(Errc::kTruncated);
  if (!reader.empty()) return fail(Errc::kMalformed);
  const auto keep = [](ByteView from, ByteSpan to) {
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  };
  keep(*read_key, association.read_key);
  keep(*write_key, association.write_key);
  keep(*read_mac, association.read_mac);
  keep(*write_mac, association.write_mac);
  keep(*identity, association.identity_bytes);
  association.identity_size = *size;
  return association;
}

}  // namespace linnet::tls
