// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/nettle_crypto.hpp"

#include <nettle/ccm.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>

namespace linnet::tls {

namespace {

using oscore::Algorithm;
using oscore::AlgorithmProperties;

enum class Direction : std::uint8_t { kSeal, kOpen };

/// One message in place; the tag is the last bytes of `text`.
struct Job {
  Direction direction;
  ByteView key;
  ByteView nonce;
  ByteView aad;
  ByteSpan body;
  ByteSpan tag;
};

template <typename Context, auto kSetKey, auto kSeal, auto kOpen>
bool ccm(const Job& job) noexcept {
  Context context;
  kSetKey(&context, job.key.data());
  const std::size_t all = job.body.size() + job.tag.size();
  std::uint8_t* const text = job.body.data();
  if (job.direction == Direction::kOpen) {
    return kOpen(&context, job.nonce.size(), job.nonce.data(), job.aad.size(), job.aad.data(), job.tag.size(),
                 job.body.size(), text, text) == 1;
  }
  kSeal(&context, job.nonce.size(), job.nonce.data(), job.aad.size(), job.aad.data(), job.tag.size(), all,
        text, text);
  return true;
}

/// Algorithms that are told one thing after the other.
template <typename Context, auto kSetKey, auto kSetNonce, auto kUpdate, auto kEncrypt, auto kDecrypt,
          auto kDigest>
bool streamed(const Job& job) noexcept {
  Context context;
  kSetKey(&context, job.key.data());
  kSetNonce(&context, job.nonce);
  kUpdate(&context, job.aad.size(), job.aad.data());
  const auto cipher = job.direction == Direction::kSeal ? kEncrypt : kDecrypt;
  cipher(&context, job.body.size(), job.body.data(), job.body.data());
  if (job.direction == Direction::kSeal) {
    kDigest(&context, job.tag.size(), job.tag.data());
    return true;
  }
  std::array<std::uint8_t, oscore::kMaxTagSize> expected{};
  kDigest(&context, job.tag.size(), expected.data());
  return memeql_sec(expected.data(), job.tag.data(), job.tag.size()) != 0;
}

template <typename Context, auto kSetIv>
void set_gcm_nonce(Context* context, ByteView nonce) noexcept {
  kSetIv(context, nonce.size(), nonce.data());
}
void set_chacha_nonce(chacha_poly1305_ctx* context, ByteView nonce) noexcept {
  chacha_poly1305_set_nonce(context, nonce.data());
}

constexpr auto kCcm128 = ccm<ccm_aes128_ctx, &nettle_ccm_aes128_set_key, &nettle_ccm_aes128_encrypt_message,
                             &nettle_ccm_aes128_decrypt_message>;
constexpr auto kCcm256 = ccm<ccm_aes256_ctx, &nettle_ccm_aes256_set_key, &nettle_ccm_aes256_encrypt_message,
                             &nettle_ccm_aes256_decrypt_message>;
constexpr auto kGcm128 =
    streamed<gcm_aes128_ctx, &nettle_gcm_aes128_set_key,
             &set_gcm_nonce<gcm_aes128_ctx, &nettle_gcm_aes128_set_iv>, &nettle_gcm_aes128_update,
             &nettle_gcm_aes128_encrypt, &nettle_gcm_aes128_decrypt, &nettle_gcm_aes128_digest>;
constexpr auto kGcm192 =
    streamed<gcm_aes192_ctx, &nettle_gcm_aes192_set_key,
             &set_gcm_nonce<gcm_aes192_ctx, &nettle_gcm_aes192_set_iv>, &nettle_gcm_aes192_update,
             &nettle_gcm_aes192_encrypt, &nettle_gcm_aes192_decrypt, &nettle_gcm_aes192_digest>;
constexpr auto kGcm256 =
    streamed<gcm_aes256_ctx, &nettle_gcm_aes256_set_key,
             &set_gcm_nonce<gcm_aes256_ctx, &nettle_gcm_aes256_set_iv>, &nettle_gcm_aes256_update,
             &nettle_gcm_aes256_encrypt, &nettle_gcm_aes256_decrypt, &nettle_gcm_aes256_digest>;
constexpr auto kChaCha = streamed<chacha_poly1305_ctx, &nettle_chacha_poly1305_set_key, &set_chacha_nonce,
                                  &nettle_chacha_poly1305_update, &nettle_chacha_poly1305_encrypt,
                                  &nettle_chacha_poly1305_decrypt, &nettle_chacha_poly1305_digest>;

bool (*cipher_of(Algorithm algorithm) noexcept)(const Job&) noexcept {
  switch (algorithm) {
    case Algorithm::kAesGcm128: return kGcm128;
    case Algorithm::kAesGcm192: return kGcm192;
    case Algorithm::kAesGcm256: return kGcm256;
    case Algorithm::kAesCcm16Tag64Key128:
    case Algorithm::kAesCcm64Tag64Key128:
    case Algorithm::kAesCcm16Tag128Key128:
    case Algorithm::kAesCcm64Tag128Key128: return kCcm128;
    case Algorithm::kAesCcm16Tag64Key256:
    case Algorithm::kAesCcm64Tag64Key256:
    case Algorithm::kAesCcm16Tag128Key256:
    case Algorithm::kAesCcm64Tag128Key256: return kCcm256;
    case Algorithm::kChaCha20Poly1305: return kChaCha;
  }
  return nullptr;
}

bool run(Direction direction, Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
         ByteSpan text) noexcept {
  const AlgorithmProperties* const row = oscore::properties(algorithm);
  if (row == nullptr || key.size() != row->key_size || nonce.size() != row->nonce_size ||
      text.size() < row->tag_size) {
    return false;
  }
  const std::size_t size = text.size() - row->tag_size;
  return cipher_of(algorithm)({direction, key, nonce, aad, text.first(size), text.subspan(size)});
}

}  // namespace

bool NettleCrypto::has(Algorithm algorithm) const noexcept {
  return oscore::properties(algorithm) != nullptr;
}

bool NettleCrypto::seal(Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                        ByteSpan text) noexcept {
  return run(Direction::kSeal, algorithm, key, nonce, aad, text);
}

bool NettleCrypto::open(Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                        ByteSpan text) noexcept {
  return run(Direction::kOpen, algorithm, key, nonce, aad, text);
}

void NettleCrypto::hmac(ByteView key, std::span<const ByteView> parts, Hash& out) noexcept {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), key.data());
  for (const ByteView part : parts) hmac_sha256_update(&context, part.size(), part.data());
  hmac_sha256_digest(&context, out.size(), out.data());
}

}  // namespace linnet::tls
