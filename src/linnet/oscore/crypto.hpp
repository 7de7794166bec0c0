// SPDX-License-Identifier: Apache-2.0
// The cryptography that OSCORE needs, given by the application: a library on a host, an accelerator
// or a library on a microcontroller.
#pragma once

#include <array>
#include <span>

#include "linnet/base/bytes.hpp"
#include "linnet/oscore/algorithm.hpp"

namespace linnet::oscore {

class Crypto {
 public:
  static constexpr std::size_t kHashSize = 32;
  using Hash = std::array<std::uint8_t, kHashSize>;

  [[nodiscard]] virtual bool has(Algorithm algorithm) const noexcept = 0;
  /// Encrypts in place all of `text` but its last tag_size bytes, which take the tag. Key and nonce have
  /// the sizes of the algorithm. False: it could not, and `text` is worth nothing.
  [[nodiscard]] virtual bool seal(Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                                  ByteSpan text) noexcept = 0;
  /// The reverse; false when the tag, at the end of `text`, is not the right one: then what `text` holds
  /// must not be looked at. The comparison takes the same time for every tag.
  [[nodiscard]] virtual bool open(Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                                  ByteSpan text) noexcept = 0;
  /// HMAC with SHA-256 over the parts, one behind the other. The key is of any size.
  virtual void hmac(ByteView key, std::span<const ByteView> parts, Hash& out) noexcept = 0;

 protected:
  ~Crypto() = default;
};

}  // namespace linnet::oscore
