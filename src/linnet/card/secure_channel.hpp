// SPDX-License-Identifier: Apache-2.0
// The secure channel between device and card: Secure Channel Protocol 03 (GlobalPlatform Card
// Specification 2.3, Amendment D) at the security level that the Core asks for, 0x33: C-MAC, C-DECRYPTION,
// R-MAC, R-ENCRYPTION (Core 1.1, appendix H).
//
//   device                                   card
//     INITIALIZE UPDATE(host challenge) ─────▶
//     ◀───── card challenge, card cryptogram        proves the card
//     EXTERNAL AUTHENTICATE(cryptogram, C-MAC) ▶    proves the device
//     wrapped commands ──────────────────────▶
//     ◀────────────────────── wrapped responses
#pragma once

#include <array>
#include <span>

#include "linnet/base/random.hpp"
#include "linnet/card/terminal.hpp"

namespace linnet::card {

inline constexpr std::size_t kBlockSize = 16;
using Block = std::array<std::uint8_t, kBlockSize>;

/// AES as a library or a processor has it. Keys have 16, 24 or 32 bytes.
class Cipher {
 public:
  /// AES-CMAC (RFC 4493) over the parts, one after the other.
  virtual void cmac(ByteView key, std::span<const ByteView> parts, Block& out) noexcept = 0;
  /// CBC in place, over whole blocks and without padding.
  virtual void encrypt(ByteView key, const Block& iv, ByteSpan text) noexcept = 0;
  virtual void decrypt(ByteView key, const Block& iv, ByteSpan text) noexcept = 0;

 protected:
  ~Cipher() = default;
};

/// The static keys that device and card share, all of one size: 16, 24 or 32 bytes. Key-DEK is not among
/// them: no key is put on a card here.
struct ChannelKeys {
  ByteView enc;
  ByteView mac;
  std::uint8_t version = 0;  ///< of the key set; 0: the card's first
};

class SecureChannel {
 public:
  static constexpr std::size_t kMacSize = 8;
  /// Most bytes of a response that still fit with padding and R-MAC.
  static constexpr std::size_t kMaxResponseData = 239;
  static constexpr std::size_t kMaxKey = 32;

  /// All must outlive the channel.
  SecureChannel(Cipher& cipher, const ChannelKeys& keys) noexcept : cipher_(&cipher), keys_(keys) {}
  ~SecureChannel();
  SecureChannel(const SecureChannel&) = delete;
  SecureChannel& operator=(const SecureChannel&) = delete;

  /// Both sides prove themselves over the terminal's channel; its commands are protected from then on.
  /// kUnauthorized: the card does not have the keys, or refuses ours; kUnsupported: it has another protocol
  /// or cannot protect its responses; kInvalidArgument: keys of other sizes; errors of the terminal.
  [[nodiscard]] Result<void> open(Terminal& terminal, Random& random) noexcept;

  /// The command as it is sent, with its C-MAC, into `out`. kTooLarge: there is no room for the protection.
  [[nodiscard]] Result<std::size_t> wrap(const Command& command, std::uint8_t channel, ByteSpan out) noexcept;
  /// The data of a response, opened in place. An error status comes without protection and without data.
  /// kUnauthorized: the R-MAC or the padding is wrong, and the channel is of no use any more.
  [[nodiscard]] Result<ByteView> unwrap(ByteSpan data, std::uint16_t status) noexcept;

 private:
  using Challenge = std::array<std::uint8_t, 8>;
  using Key = std::array<std::uint8_t, kMaxKey>;
  /// Derivation constants (Amendment D, table 4-1).
  enum class Purpose : std::uint8_t {
    kCardCryptogram = 0,
    kHostCryptogram = 1,
    kEncryption = 4,
    kCommandMac = 6,
    kResponseMac = 7
  };

  [[nodiscard]] Result<void> accept(const Challenge& host, ByteView answer) noexcept;
  void derive(ByteView key, Purpose purpose, ByteSpan out) noexcept;
  [[nodiscard]] ByteView session_key(const Key& key) const noexcept {
    return ByteView(key).first(keys_.enc.size());
  }
  [[nodiscard]] Block initial_vector(bool response) noexcept;
  void add_mac(std::uint8_t cla, ByteSpan command) noexcept;

  Cipher* cipher_;
  ChannelKeys keys_;
  std::array<std::uint8_t, 16> context_{};  ///< of derivation: both challenges
  Key encryption_{};
  Key command_mac_{};
  Key response_mac_{};
  Block chain_{};              ///< the last C-MAC
  std::uint64_t counter_ = 0;  ///< of commands
  bool broken_ = true;         ///< not open yet, or no more
};

}  // namespace linnet::card
