// SPDX-License-Identifier: Apache-2.0
// What is left of a DTLS 1.2 session once its handshake is done: keys, sequence numbers, the replay window
// and who the peer proved to be (RFC 6347 §4.1). 256 bytes, without a pointer, wiped when it is cleared.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "linnet/base/bytes.hpp"
#include "linnet/base/wipe.hpp"

namespace linnet::tls {

/// How records are protected. The numbers are on disk: they are never given to anything else.
enum class Protection : std::uint8_t {
  kNone = 0,        ///< no association
  kCcm8 = 1,        ///< AES-128-CCM, tag of 8 bytes (RFC 6655)
  kGcm = 2,         ///< AES-128-GCM (RFC 5288)
  kMacThenCbc = 3,  ///< AES-128-CBC with HMAC-SHA256 (RFC 5246 §6.2.3.2)
  kCbcThenMac = 4,  ///< the same, the other way round (RFC 7366)
};

/// By what the peer proved who it is. The numbers are on disk.
enum class Proof : std::uint8_t {
  kNothing = 0,
  kPsk = 1,           ///< `identity` is the PSK identity
  kRawPublicKey = 2,  ///< `identity` is its SubjectPublicKeyInfo
  kCertificate = 3,   ///< `identity` is the endpoint name that its certificate is good for
};

inline constexpr std::size_t kMaxIdentity = 128;  ///< RFC 7925 §4.2, TS 5.2.8.1

/// Not shared between threads. All bytes zero: none.
struct Association {
  /// Sequence numbers are 48 bits beside the epoch, which is 1 for good: nothing is negotiated anew.
  static constexpr std::uint64_t kLastNumber = (std::uint64_t{1} << 48U) - 1;
  static constexpr std::uint16_t kEpoch = 1;

  std::uint64_t read_next : 48 = 0;  ///< behind the highest number that was opened
  Protection protection = Protection::kNone;
  Proof proof = Proof::kNothing;
  std::uint64_t write_next : 48 = 0;
  std::uint8_t identity_size = 0;
  bool confirmed = false;              ///< a record of the peer's was opened: it has our Finished
  std::uint64_t write_limit : 48 = 0;  ///< numbers from here on must not be used: after a restart they may be
  bool noted = false;                  ///< among those that changed since they were written down
  bool saving = false;                 ///< a higher write_limit is on its way to the disk
  std::uint64_t read_window = 0;       ///< bit i: number read_next - 1 - i was opened
  std::array<std::uint8_t, 16> read_key{}, write_key{};
  std::array<std::uint8_t, 32> read_mac{}, write_mac{};  ///< of CCM and GCM: the salt, in the first 4 bytes
  std::array<std::uint8_t, kMaxIdentity> identity_bytes{};

  [[nodiscard]] bool exists() const noexcept { return protection != Protection::kNone; }
  [[nodiscard]] ByteView identity() const noexcept { return ByteView(identity_bytes).first(identity_size); }
  /// Forgets and wipes it.
  void clear() noexcept { wipe({reinterpret_cast<std::uint8_t*>(this), sizeof *this}); }
};
static_assert(sizeof(Association) == 256 && std::is_trivially_copyable_v<Association>);

inline constexpr std::size_t kMaxAssociationRecord = 8 + 4 * 8 + 32 + 64 + 4 + kMaxIdentity;

/// Numbers for writing are set aside in steps of this many. One step belongs to each start of the server that
/// follows the one in which an association was written down: so a restart need not write all of them anew.
inline constexpr std::uint64_t kNumbersAside = 65'536;

/// How often servers have started over one state.
struct Start {
  std::uint32_t number = 0;  ///< the highest that is on disk
  bool own = false;          ///< and it was counted for this start, which therefore has a step of numbers
};

/// Writes an association down in `start`, except that `write_limit` is the given one. Or kNoSpace.
[[nodiscard]] Result<std::size_t> encode_association(const Association& association,
                                                     std::uint64_t write_limit, Start start,
                                                     ByteSpan out) noexcept;
/// Reads one back in `start`: it writes on behind the limit that was written down and behind what belongs to
/// the starts since, so no number is used twice, and opens nothing below the highest number that had been
/// opened by then. Where this start has no numbers of its own, `write_limit` is `write_next` and the caller
/// must raise it, on disk first. kMalformed (also where the starts since are not known), kTruncated,
/// kUnsupported (another version).
[[nodiscard]] Result<Association> decode_association(ByteView record, Start start) noexcept;

}  // namespace linnet::tls
