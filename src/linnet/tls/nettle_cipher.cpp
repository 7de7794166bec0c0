// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/nettle_cipher.hpp"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/cmac.h>

namespace linnet::tls {

namespace {

/// As nettle wants a cipher that it knows nothing of.
template <typename Context, auto kFunction>
void run(const void* context, std::size_t size, std::uint8_t* to, const std::uint8_t* from) noexcept {
  kFunction(static_cast<const Context*>(context), size, to, from);
}

/// AES of the three key sizes behind one function: nettle has CMAC ready for two of them.
class Aes {
 public:
  enum class Direction : std::uint8_t { kEncrypt, kDecrypt };

  Aes(ByteView key, Direction direction) noexcept {
    const bool encrypts = direction == Direction::kEncrypt;
    switch (key.size()) {
      case AES128_KEY_SIZE:
        (encrypts ? aes128_set_encrypt_key : aes128_set_decrypt_key)(&context_.small, key.data());
        run_ = encrypts ? run<aes128_ctx, &aes128_encrypt> : run<aes128_ctx, &aes128_decrypt>;
        break;
      case AES192_KEY_SIZE:
        (encrypts ? aes192_set_encrypt_key : aes192_set_decrypt_key)(&context_.middle, key.data());
        run_ = encrypts ? run<aes192_ctx, &aes192_encrypt> : run<aes192_ctx, &aes192_decrypt>;
        break;
      default:
        (encrypts ? aes256_set_encrypt_key : aes256_set_decrypt_key)(&context_.large, key.data());
        run_ = encrypts ? run<aes256_ctx, &aes256_encrypt> : run<aes256_ctx, &aes256_decrypt>;
        break;
    }
  }

  [[nodiscard]] const void* context() const noexcept { return &context_; }
  [[nodiscard]] nettle_cipher_func* run_function() const noexcept { return run_; }

 private:
  union Context {
    aes128_ctx small;
    aes192_ctx middle;
    aes256_ctx large;
  };

  Context context_{};
  nettle_cipher_func* run_ = nullptr;
};

}  // namespace

void NettleCipher::cmac(ByteView key, std::span<const ByteView> parts, card::Block& out) noexcept {
  const Aes aes(key, Aes::Direction::kEncrypt);
  cmac128_key derived{};
  cmac128_ctx context{};
  cmac128_set_key(&derived, aes.context(), aes.run_function());
  cmac128_init(&context);
  for (const ByteView part : parts) {
    cmac128_update(&context, aes.context(), aes.run_function(), part.size(), part.data());
  }
  cmac128_digest(&context, &derived, aes.context(), aes.run_function(), static_cast<unsigned>(out.size()),
                 out.data());
}

void NettleCipher::encrypt(ByteView key, const card::Block& iv, ByteSpan text) noexcept {
  const Aes aes(key, Aes::Direction::kEncrypt);
  card::Block chain = iv;
  cbc_encrypt(aes.context(), aes.run_function(), chain.size(), chain.data(), text.size(), text.data(),
              text.data());
}

void NettleCipher::decrypt(ByteView key, const card::Block& iv, ByteSpan text) noexcept {
  const Aes aes(key, Aes::Direction::kDecrypt);
  card::Block chain = iv;
  cbc_decrypt(aes.context(), aes.run_function(), chain.size(), chain.data(), text.size(), text.data(),
              text.data());
}

}  // namespace linnet::tls
