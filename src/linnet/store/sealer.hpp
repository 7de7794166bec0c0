// SPDX-License-Identifier: Apache-2.0
// Encryption of records that hold secrets: AES-256-GCM under a key that is not in the file
// (docs/state.md, "Secrets").
//
//   version 1 · salt 16 · nonce 12 · ciphertext · tag 16
//
// Each process draws a salt and encrypts under HMAC-SHA-256(key, "linnet record" · salt), counting its
// nonces: no nonce comes twice however many records are written. Kind and key of the record are
// authenticated with it, so that one cannot stand in another's place.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/server/secret.hpp"
#include "linnet/store/registration_store.hpp"

struct api_aead_cipher_hd_st;

namespace linnet::store {

class Sealer {
 public:
  static constexpr std::size_t kKeySize = 32;
  static constexpr std::size_t kOverhead = 1 + 16 + 12 + 16;

  /// For so many shards, each a thread. Null when the library refuses; `key` has kKeySize bytes.
  [[nodiscard]] static std::unique_ptr<Sealer> make(ByteView key, ShardIndex shards);
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  ~Sealer();

  /// Without a lock; calls that name one shard come from one thread at a time. kInvalidArgument: no such
  /// shard; kIo: the library refused.
  [[nodiscard]] Result<std::vector<std::uint8_t>> seal(ShardIndex shard, RecordKey key, ByteView plain);
  /// From any thread. kUnauthorized: it was sealed with another key, for another record, or is damaged.
  [[nodiscard]] Result<server::SecretBytes> open(RecordKey key, ByteView sealed);

 private:
  static constexpr std::size_t kSaltSize = 16;
  using Salt = std::array<std::uint8_t, kSaltSize>;
  struct Close {
    void operator()(api_aead_cipher_hd_st* cipher) const noexcept;
  };
  using Cipher = std::unique_ptr<api_aead_cipher_hd_st, Close>;
  struct alignas(64) Lane {
    Cipher cipher;
    std::uint64_t count = 0;
  };

  Sealer() = default;
  [[nodiscard]] Cipher cipher_of(const Salt& salt) const;

  server::SecretBytes key_;
  Salt salt_{};
  std::vector<Lane> lanes_;
  std::mutex mutex_;  // of opening
  std::map<Salt, Cipher> opening_;
};

}  // namespace linnet::store
