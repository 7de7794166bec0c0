// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/seal_key.hpp"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "linnet/store/sealer.hpp"
#include "linnet/store/secret_source.hpp"

namespace linnet::store {

namespace {

using server::SecretBytes;
using KeyResult = std::expected<SecretBytes, OpenError>;

constexpr const char* kWhat = "the key for secrets";

std::unexpected<OpenError> error(Errc code, std::string message) {
  return std::unexpected(OpenError{code, std::move(message)});
}

std::unexpected<OpenError> file_error(const std::filesystem::path& file, const char* what) {
  const int number = errno;
  return error(number == ENOENT ? Errc::kNotFound : Errc::kIo,
               std::string(what) + " " + file.string() + ": " + std::generic_category().message(number));
}

KeyResult key_of(SecretBytes text, const std::string& where) {
  if (text.size() == Sealer::kKeySize) return text;
  auto key = from_hex(text);
  if (!key || key->size() != Sealer::kKeySize) {
    return error(Errc::kMalformed, where +
                                       " holds no key: that is 32 bytes, or 64 hexadecimal digits "
                                       "(openssl rand -hex 32 makes some)");
  }
  return *std::move(key);
}

bool write_whole(int descriptor, ByteView bytes) noexcept {
  return ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
         ::fsync(descriptor) == 0;
}

KeyResult new_key() {
  SecretBytes key(Sealer::kKeySize);
  if (gnutls_rnd(GNUTLS_RND_KEY, key.data(), key.size()) < 0) {
    return error(Errc::kIo, "there are no random numbers for a key");
  }
  return key;
}

/// Under another name first, so that half a key never has the real one. Empty, or what is wrong.
std::expected<void, OpenError> keep(const StateFolder& folder, const std::filesystem::path& file,
                                    ByteView bytes) {
  const std::filesystem::path fresh = file.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return file_error(fresh, "cannot make the key for secrets");
  const bool written = write_whole(descriptor, bytes);
  const int number = errno;
  ::close(descriptor);
  errno = number;
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0 || !folder.sync()) {
    return file_error(file, "cannot make the key for secrets");
  }
  return {};
}

KeyResult make_own(const StateFolder& folder, const std::filesystem::path& file) {
  auto key = new_key();
  if (!key) return key;
  if (const auto kept = keep(folder, file, *key); !kept) return std::unexpected(kept.error());
  return key;
}

KeyResult make_wrapped(const StateFolder& folder, const std::filesystem::path& file, KeyWrapper& wrapper) {
  auto key = new_key();
  if (!key) return key;
  const auto wrapped = wrapper.wrap(*key);
  if (!wrapped) return error(Errc::kIo, "the key for secrets cannot be wrapped: " + wrapped.error());
  // Before anything is kept under it: whether it comes back.
  const auto back = wrapper.unwrap(*wrapped);
  if (!back) return error(Errc::kIo, "the key for secrets cannot be unwrapped: " + back.error());
  if (*back != *key) return error(Errc::kIo, "the key for secrets comes back as another one");
  if (const auto kept = keep(folder, file, *wrapped); !kept) return std::unexpected(kept.error());
  return key;
}

std::unexpected<OpenError> gone(const StateFolder& folder, const std::filesystem::path& file) {
  return error(Errc::kNotFound, "the secrets in " + folder.database().string() + " need the key " +
                                    file.string() +
                                    ", which is gone. Nothing was changed: bring it back from a backup, or "
                                    "name the key that they are kept under");
}

}  // namespace

KeyResult read_seal_key(const std::string& source) {
  auto text = read_secret(source, kWhat);
  if (!text) return text;
  return key_of(*std::move(text), source);
}

std::string seal_source_fault(std::string_view source) {
  return secret_source_fault(source, kWhat);
}

KeyResult own_seal_key(const StateFolder& folder, bool may_make) {
  const std::filesystem::path file = folder.path() / kOwnSealKey;
  KeyResult key = read_seal_key("file:" + file.string());
  if (key || key.error().code != Errc::kNotFound) return key;
  return may_make ? make_own(folder, file) : gone(folder, file);
}

KeyResult wrapped_seal_key(const StateFolder& folder, KeyWrapper& wrapper, bool may_make) {
  const std::filesystem::path file = folder.path() / ("seal-" + wrapper.id() + ".wrapped");
  const auto wrapped = read_secret("file:" + file.string(), kWhat);
  if (!wrapped && wrapped.error().code == Errc::kNotFound)
    return may_make ? make_wrapped(folder, file, wrapper) : gone(folder, file);
  if (!wrapped) return wrapped;
  auto key = wrapper.unwrap(*wrapped);
  if (!key) return error(Errc::kUnauthorized, file.string() + " is not unwrapped: " + key.error());
  if (key->size() != Sealer::kKeySize) return error(Errc::kMalformed, file.string() + " holds no key");
  return *std::move(key);
}

}  // namespace linnet::store
