// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/secret_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace linnet::store {

namespace {

using server::SecretBytes;
using SecretResult = std::expected<SecretBytes, OpenError>;

std::unexpected<OpenError> error(Errc code, std::string message) {
  return std::unexpected(OpenError{code, std::move(message)});
}

SecretResult read_file(const std::string& path, const std::string& what) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  SecretBytes text(kLongestSecret + 1);
  const ssize_t size = descriptor < 0 ? -1 : ::read(descriptor, text.data(), text.size());
  const int number = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (size < 0) {
    return error(number == ENOENT ? Errc::kNotFound : Errc::kIo,
                 "cannot read " + what + " from " + path + ": " + std::generic_category().message(number));
  }
  if (size == 0 || static_cast<std::size_t>(size) > kLongestSecret) {
    return error(Errc::kMalformed, path + " holds nothing that could be " + what);
  }
  text.resize(static_cast<std::size_t>(size));
  return text;
}

SecretResult read_environment(const std::string& name, const std::string& what) {
  char* const text = std::getenv(name.c_str());
  if (text == nullptr || *text == '\0') {
    return error(Errc::kNotFound, "there is no " + name + " in the environment, which is to hold " + what);
  }
  const ByteView view = as_bytes(text);
  SecretBytes copy(view.begin(), view.end());
  wipe({reinterpret_cast<std::uint8_t*>(text), view.size()});
  unsetenv(name.c_str());
  return copy;
}

SecretResult read_credential(const std::string& name, const std::string& what) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return error(
        Errc::kNotFound,
        "$CREDENTIALS_DIRECTORY is not set: credential:" + name +
            " is for a service that systemd starts with LoadCredential= or LoadCredentialEncrypted=");
  }
  return read_file((std::filesystem::path(folder) / name).string(), what);
}

struct Source {
  std::string_view prefix;
  SecretResult (*read)(const std::string& rest, const std::string& what);
};
constexpr std::array kSources{Source{"file:", read_file}, Source{"credential:", read_credential},
                              Source{"env:", read_environment}};

int digit_of(std::uint8_t text) noexcept {
  if (text >= '0' && text <= '9') return text - '0';
  const int lower = text | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_blank(std::uint8_t text) noexcept {
  return text == ' ' || text == '\n' || text == '\r' || text == '\t';
}

const Source* source_of(std::string_view text) noexcept {
  for (const Source& source : kSources) {
    if (text.starts_with(source.prefix) && text.size() > source.prefix.size()) return &source;
  }
  return nullptr;
}

}  // namespace

std::expected<SecretBytes, OpenError> read_secret(const std::string& source, const std::string& what) {
  const Source* const known = source_of(source);
  if (known == nullptr) return error(Errc::kInvalidArgument, secret_source_fault(source, what));
  return known->read(source.substr(known->prefix.size()), what);
}

std::expected<SecretBytes, OpenError> read_secret_line(const std::string& source, const std::string& what) {
  auto line = read_secret(source, what);
  while (line && !line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
  return line;
}

std::string secret_source_fault(std::string_view source, std::string_view what) {
  if (source_of(source) != nullptr) return {};
  return "'" + std::string(source) + "' does not say where " + std::string(what) +
         " is: file:PATH, credential:NAME and env:NAME do";
}

std::optional<SecretBytes> from_hex(ByteView text) {
  SecretBytes bytes;
  bytes.reserve(text.size() / 2);
  int high = -1;
  for (const std::uint8_t letter : text) {
    if (is_blank(letter)) continue;
    const int digit = digit_of(letter);
    if (digit < 0) return std::nullopt;
    if (high >= 0) bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
    high = high < 0 ? digit : -1;
  }
  return high < 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

std::expected<SecretBytes, OpenError> hex_or_file(const std::string& text, const std::string& flag) {
  const bool file = text.starts_with('@');
  SecretBytes digits(text.begin(), text.end());
  if (file) {
    auto read = read_file(text.substr(1), "the value of " + flag);
    if (!read) return read;
    digits = *std::move(read);
  }
  auto bytes = from_hex(digits);
  if (bytes) return *std::move(bytes);
  return error(Errc::kMalformed, (file ? flag + ", as it stands in " + text.substr(1) + ',' : flag) +
                                     " is hexadecimal, two digits a byte");
}

}  // namespace linnet::store
