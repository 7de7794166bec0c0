// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/sealer.hpp"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>
#include <string_view>

namespace linnet::store {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::string_view kPurpose = "linnet record";
// Salts of former processes whose ciphers are kept while records are read.
constexpr std::size_t kMaxOpening = 64;

/// What is authenticated beside the record: its kind and its key.
std::vector<std::uint8_t> associated(RecordKey key) {
  std::vector<std::uint8_t> out;
  out.reserve(1 + key.name.size());
  out.push_back(static_cast<std::uint8_t>(key.kind));
  const ByteView name = as_bytes(key.name);
  out.insert(out.end(), name.begin(), name.end());
  return out;
}

}  // namespace

void Sealer::Close::operator()(api_aead_cipher_hd_st* cipher) const noexcept {
  gnutls_aead_cipher_deinit(cipher);
}

Sealer::~Sealer() = default;

std::unique_ptr<Sealer> Sealer::make(ByteView key, ShardIndex shards) {
  if (key.size() != kKeySize) return nullptr;
  std::unique_ptr<Sealer> sealer(new Sealer);
  sealer->key_.assign(key.begin(), key.end());
  if (gnutls_rnd(GNUTLS_RND_KEY, sealer->salt_.data(), sealer->salt_.size()) < 0) return nullptr;
  sealer->lanes_.resize(shards);
  for (Lane& lane : sealer->lanes_) {
    lane.cipher = sealer->cipher_of(sealer->salt_);
    if (!lane.cipher) return nullptr;
  }
  return sealer;
}

Sealer::Cipher Sealer::cipher_of(const Salt& salt) const {
  std::array<std::uint8_t, kPurpose.size() + kSaltSize> text;
  std::ranges::copy(salt, std::ranges::copy(as_bytes(kPurpose), text.begin()).out);
  std::array<std::uint8_t, kKeySize> derived;
  Cipher cipher;
  const int made =
      gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(), text.size(), derived.data());
  const gnutls_datum_t key{.data = derived.data(), .size = derived.size()};
  gnutls_aead_cipher_hd_t handle = nullptr;
  if (made >= 0 && gnutls_aead_cipher_init(&handle, GNUTLS_CIPHER_AES_256_GCM, &key) >= 0) {
    cipher.reset(handle);
  }
  wipe(derived);
  return cipher;
}

Result<std::vector<std::uint8_t>> Sealer::seal(ShardIndex shard, RecordKey key, ByteView plain) {
  if (shard >= lanes_.size()) return fail(Errc::kInvalidArgument);
  Lane& lane = lanes_[shard];
  std::vector<std::uint8_t> out(kOverhead + plain.size());
  ByteWriter head(out);
  head.u8(kVersion);
  head.bytes(salt_);
  head.uint(shard, 4);
  head.uint(++lane.count, 8);
  const std::size_t front = head.size();
  const auto beside = associated(key);
  std::size_t size = out.size() - front;
  const int sealed = gnutls_aead_cipher_encrypt(lane.cipher.get(), out.data() + front - kNonceSize,
                                                kNonceSize, beside.data(), beside.size(), kTagSize,
                                                plain.data(), plain.size(), out.data() + front, &size);
  if (sealed < 0) return fail(Errc::kIo);
  out.resize(front + size);
  return out;
}

Result<server::SecretBytes> Sealer::open(RecordKey key, ByteView sealed) {
  if (sealed.size() < kOverhead || sealed[0] != kVersion) return fail(Errc::kUnauthorized);
  Salt salt;
  std::ranges::copy(sealed.subspan(1, kSaltSize), salt.begin());
  const ByteView nonce = sealed.subspan(1 + kSaltSize, kNonceSize);
  const ByteView text = sealed.subspan(1 + kSaltSize + kNonceSize);
  const auto beside = associated(key);
  server::SecretBytes out(text.size() - kTagSize);
  std::size_t size = out.size();

  const std::lock_guard lock(mutex_);
  auto at = opening_.find(salt);
  if (at == opening_.end()) {
    if (opening_.size() >= kMaxOpening) opening_.clear();
    at = opening_.emplace(salt, cipher_of(salt)).first;
  }
  if (!at->second) return fail(Errc::kIo);
  std::uint8_t nothing = 0;  // the library wants a place also for an empty record
  const int opened = gnutls_aead_cipher_decrypt(at->second.get(), nonce.data(), nonce.size(), beside.data(),
                                                beside.size(), kTagSize, text.data(), text.size(),
                                                out.empty() ? &nothing : out.data(), &size);
  if (opened < 0) return fail(Errc::kUnauthorized);
  return out;
}

}  // namespace linnet::store
