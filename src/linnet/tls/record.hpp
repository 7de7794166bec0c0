// SPDX-License-Identifier: Apache-2.0
// Records of DTLS 1.2 (RFC 6347 §4.1): taken apart, opened and sealed in place, with nothing but an
// association.
#pragma once

#include <cstdint>

#include "linnet/base/bytes.hpp"
#include "linnet/tls/association.hpp"

namespace linnet::tls {

enum class ContentType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

inline constexpr std::size_t kRecordHeader = 13;
/// The most that `seal` adds to a plaintext, header included.
inline constexpr std::size_t kMaxRecordOverhead = kRecordHeader + 16 + 32 + 16;

/// One record of a datagram; the bytes are the datagram's.
struct Record {
  ContentType type{};
  std::uint16_t epoch = 0;
  std::uint64_t sequence = 0;  ///< 48 bits
  ByteSpan header;
  ByteSpan fragment;
};

/// Takes the first record off `datagram`. kTruncated, or kMalformed for a type or version that DTLS 1.2 has
/// not (fe ff stands in a first flight, RFC 6347 §4.2.1): the rest of the datagram is to be dropped.
[[nodiscard]] Result<Record> take_record(ByteSpan& datagram) noexcept;

/// Checks a record of epoch 1 against the replay window, decrypts it in place and returns its plaintext,
/// which may be empty. What fails leaves the association as it was and the bytes in pieces: kNotAllowed for
/// another epoch, kExists for a number that was opened before or has left the window, kUnauthorized for what
/// was not sealed with the peer's key, kMalformed for what is too short.
[[nodiscard]] Result<ByteSpan> open(Association& association, const Record& record) noexcept;

/// Where the plaintext of a record has to stand in its buffer.
[[nodiscard]] std::size_t plaintext_offset(const Association& association) noexcept;

/// Makes a record around the `size` bytes at plaintext_offset, and returns the record's size from the
/// buffer's beginning. `random` are 16 unpredictable bytes, used as initialization vector by the CBC suites
/// alone. kNoSpace: the buffer ends within kMaxRecordOverhead. kBusy: no number may be used, see write_limit.
[[nodiscard]] Result<std::size_t> seal(Association& association, ContentType type, std::size_t size,
                                       ByteSpan buffer, ByteView random) noexcept;

}  // namespace linnet::tls
