// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/seal_key.hpp"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "linnet/store/sealer.hpp"

namespace linnet::store {

namespace {

using server::SecretBytes;
using KeyResult = std::expected<SecretBytes, OpenError>;

constexpr std::size_t kLongestFile = 256;  // a key in hexadecimal, and room for white space

std::unexpected<OpenError> error(Errc code, std::string message) {
  return std::unexpected(OpenError{code, std::move(message)});
}

std::unexpected<OpenError> file_error(const std::filesystem::path& file, const char* what) {
  const int number = errno;
  return error(number == ENOENT ? Errc::kNotFound : Errc::kIo,
               std::string(what) + " " + file.string() + ": " + std::generic_category().message(number));
}

int digit_of(std::uint8_t text) noexcept {
  if (text >= '0' && text <= '9') return text - '0';
  const int lower = text | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_blank(std::uint8_t text) noexcept {
  return text == ' ' || text == '\n' || text == '\r' || text == '\t';
}

/// 64 hexadecimal digits, with white space where one likes; empty for anything else.
SecretBytes from_hex(ByteView text) {
  SecretBytes key;
  key.reserve(Sealer::kKeySize);
  int high = -1;
  for (const std::uint8_t letter : text) {
    if (is_blank(letter)) continue;
    const int digit = digit_of(letter);
    if (digit < 0 || key.size() == Sealer::kKeySize) return {};
    if (high < 0) {
      high = digit;
    } else {
      key.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return high < 0 && key.size() == Sealer::kKeySize ? key : SecretBytes{};
}

KeyResult key_of(SecretBytes text, const std::string& where) {
  if (text.size() == Sealer::kKeySize) return text;
  SecretBytes key = from_hex(text);
  if (key.empty()) {
    return error(Errc::kMalformed, where +
                                       " holds no key: that is 32 bytes, or 64 hexadecimal digits "
                                       "(openssl rand -hex 32 makes some)");
  }
  return key;
}

KeyResult read_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return file_error(file, "cannot read the key for secrets from");
  SecretBytes text(kLongestFile + 1);
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  const int number = errno;
  ::close(descriptor);
  errno = number;
  if (size < 0) return file_error(file, "cannot read the key for secrets from");
  text.resize(static_cast<std::size_t>(size));
  return key_of(std::move(text), file.string());
}

KeyResult read_environment(const std::string& name) {
  char* const text = std::getenv(name.c_str());
  if (text == nullptr) {
    return error(Errc::kNotFound,
                 "there is no " + name + " in the environment, which is to hold the key for secrets");
  }
  const ByteView view = as_bytes(text);
  SecretBytes copy(view.begin(), view.end());
  wipe({reinterpret_cast<std::uint8_t*>(text), view.size()});
  unsetenv(name.c_str());
  return key_of(std::move(copy), "the environment's " + name);
}

KeyResult read_credential(const std::string& name) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return error(
        Errc::kNotFound,
        "$CREDENTIALS_DIRECTORY is not set: credential:" + name +
            " is for a service that systemd starts with LoadCredential= or LoadCredentialEncrypted=");
  }
  return read_file(std::filesystem::path(folder) / name);
}

struct Source {
  std::string_view prefix;
  KeyResult (*read)(const std::string& rest);
};
constexpr std::array kSources{
    Source{"file:", [](const std::string& path) { return read_file(path); }},
    Source{"credential:", read_credential},
    Source{"env:", read_environment},
};

const Source* source_of(std::string_view text) noexcept {
  for (const Source& source : kSources) {
    if (text.starts_with(source.prefix) && text.size() > source.prefix.size()) return &source;
  }
  return nullptr;
}

bool write_whole(int descriptor, ByteView bytes) noexcept {
  return ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
         ::fsync(descriptor) == 0;
}

/// Under another name first, so that half a key never has the real one.
KeyResult make_own(const StateFolder& folder, const std::filesystem::path& file) {
  SecretBytes key(Sealer::kKeySize);
  if (gnutls_rnd(GNUTLS_RND_KEY, key.data(), key.size()) < 0) {
    return error(Errc::kIo, "there are no random numbers for a key");
  }
  const std::filesystem::path fresh = file.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return file_error(fresh, "cannot make the key for secrets");
  const bool written = write_whole(descriptor, key);
  const int number = errno;
  ::close(descriptor);
  errno = number;
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0 || !folder.sync()) {
    return file_error(file, "cannot make the key for secrets");
  }
  return key;
}

}  // namespace

KeyResult read_seal_key(const std::string& source) {
  const Source* const known = source_of(source);
  if (known == nullptr) return error(Errc::kInvalidArgument, seal_source_fault(source));
  return known->read(source.substr(known->prefix.size()));
}

std::string seal_source_fault(std::string_view source) {
  if (source_of(source) != nullptr) return {};
  return "'" + std::string(source) + "' names no key: file:PATH, credential:NAME and env:NAME do";
}

KeyResult own_seal_key(const StateFolder& folder, bool may_make) {
  const std::filesystem::path file = folder.path() / kOwnSealKey;
  KeyResult key = read_file(file);
  if (key || key.error().code != Errc::kNotFound) return key;
  if (may_make) return make_own(folder, file);
  return error(Errc::kNotFound, "the secrets in " + folder.database().string() + " need the key " +
                                    file.string() +
                                    ", which is gone. Nothing was changed: bring it back from a backup, or "
                                    "name the key that they are kept under");
}

}  // namespace linnet::store
