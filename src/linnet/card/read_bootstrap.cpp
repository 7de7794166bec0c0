// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/read_bootstrap.hpp"

#include <algorithm>

#include "linnet/base/wipe.hpp"
#include "linnet/card/pkcs15.hpp"

namespace linnet::card {

namespace {

constexpr std::uint8_t kVerify = 0x20, kManageChannel = 0x70, kSelect = 0xA4, kReadBinary = 0xB0,
                       kReadRecord = 0xB2;
constexpr std::uint8_t kCloseChannel = 0x80;
constexpr std::uint8_t kByName = 0x04, kByPathFromRoot = 0x08, kReturnFcp = 0x04;
constexpr std::uint8_t kAbsoluteRecord = 0x04;
constexpr std::uint8_t kMaxChannel = 3;
constexpr std::uint8_t kMaxRecords = 32;     // of EF(DIR)
constexpr std::size_t kMaxDirectories = 4;   // of data objects
constexpr std::size_t kMaxDirectory = 4096;  // bytes of EF(ODF) and EF(DODF)
constexpr std::size_t kPlainChunk = 240;     // bytes of a READ BINARY
constexpr std::uint16_t kEndOfFile = 0x6282, kWrongOffset = 0x6B00;
constexpr std::uint16_t kLocked = 0x6982, kTriesLeft = 0x63C0;
constexpr std::uint8_t kPinPadding = 0xFF;
constexpr std::uint32_t kFcpTemplate = 0x62, kFileSize = 0x80;

constexpr std::uint8_t kDir[]{0x2F, 0x00};
constexpr std::uint8_t kOdf[]{0x50, 0x31};
constexpr std::uint8_t kRoot[]{0x3F, 0x00};
constexpr std::uint8_t kCurrentApplication[]{0x7F, 0xFF};

struct FilePath {
  std::array<std::uint8_t, kMaxPath + 2> bytes{};
  std::size_t size = 0;

  [[nodiscard]] ByteView view() const noexcept { return ByteView(bytes).first(size); }
};

/// As SELECT takes it: from the root, or below the application that is selected.
FilePath path_of(ByteView path) noexcept {
  FilePath out;
  ByteWriter writer(out.bytes);
  const bool absolute = path.size() > 2 && equal(path.first(2), kRoot);
  const bool named = equal(path.first(2), kCurrentApplication);
  if (!absolute && !named) writer.bytes(kCurrentApplication);
  writer.bytes(absolute ? path.subspan(2) : path);
  out.size = writer.size();
  return out;
}

/// Reading one card; every function leaves what went wrong in `failure`.
class Reading {
 public:
  Reading(Transport& transport, const std::optional<Pin>& own) noexcept : terminal(transport), pin(own) {}

  Terminal terminal;
  const std::optional<Pin>& pin;
  bool verified = false;  // the PIN has been given
  ReadFailure failure{};

  bool fails(Step step, Errc why, std::uint16_t status = 0) noexcept {
    failure = {step, why, status};
    return false;
  }
  /// What a status other than success means.
  bool refused(Step step, std::uint16_t status) noexcept {
    const std::uint8_t kind = static_cast<std::uint8_t>(status >> 8);
    const bool missing = status == 0x6A82 || status == 0x6A83 || status == 0x6A88;
    const bool locked = kind == 0x69;
    return fails(step, missing ? Errc::kNotFound : locked ? Errc::kUnauthorized : Errc::kUnsupported, status);
  }

  bool open_channel() noexcept {
    const auto opened = terminal.exchange({.ins = kManageChannel, .expected = 1});
    if (!opened) return fails(Step::kChannel, opened.error().code);
    if (!opened->ok()) return refused(Step::kChannel, opened->status);
    if (opened->data.size() != 1 || opened->data[0] == 0 || opened->data[0] > kMaxChannel) {
      return fails(Step::kChannel, Errc::kUnsupported);
    }
    terminal.use_channel(opened->data[0]);
    return true;
  }
  void close_channel() noexcept {
    const std::uint8_t number = terminal.channel();
    if (number == 0) return;
    terminal.protect_by(nullptr);
    terminal.use_channel(0);
    (void)terminal.exchange({.ins = kManageChannel, .p1 = kCloseChannel, .p2 = number});
  }

  /// The identifier that EF(DIR) has for PKCS#15; its own where there is no such file or template.
  [[nodiscard]] FilePath application() noexcept {
    FilePath id;
    ByteWriter writer(id.bytes);
    const auto selected = terminal.exchange(
        {.ins = kSelect, .p1 = kByPathFromRoot, .p2 = kReturnFcp, .data = kDir, .expected = 256});
    for (std::uint8_t record = 1; selected && selected->ok() && record <= kMaxRecords; ++record) {
      const auto read =
          terminal.exchange({.ins = kReadRecord, .p1 = record, .p2 = kAbsoluteRecord, .expected = 256});
      if (!read || !read->ok()) break;
      const auto found = find_application(read->data);
      if (!found) continue;
      writer.bytes(*found);
      break;
    }
    if (writer.size() == 0) writer.bytes(kPkcs15Application);
    id.size = writer.size();
    return id;
  }
  bool select_application(ByteView id) noexcept {
    const auto selected =
        terminal.exchange({.ins = kSelect, .p1 = kByName, .p2 = kReturnFcp, .data = id, .expected = 256});
    if (!selected) return fails(Step::kApplication, selected.error().code);
    return selected->ok() || selected->warns() || refused(Step::kApplication, selected->status);
  }

  /// The size of the selected file, where the card says it.
  [[nodiscard]] std::optional<std::size_t> select(Step step, const FilePath& path, bool& selected) noexcept {
    const auto response = terminal.exchange(
        {.ins = kSelect, .p1 = kByPathFromRoot, .p2 = kReturnFcp, .data = path.view(), .expected = 256});
    selected = false;
    if (!response) {
      fails(step, response.error().code);
    } else if (!response->ok() && !response->warns()) {
      refused(step, response->status);
    } else {
      selected = true;
      const auto fcp = find_element(response->data, kFcpTemplate);
      const auto size = fcp ? find_element(*fcp, kFileSize) : fcp;
      if (!size || size->size() > 4) return std::nullopt;
      return static_cast<std::size_t>(*ByteReader(*size).uint(size->size()));
    }
    return std::nullopt;
  }

  /// Gives the card the PIN, where it has tries to spare.
  bool verify() noexcept {
    const auto asked = terminal.exchange({.ins = kVerify, .p2 = pin->reference});
    if (!asked) return fails(Step::kPin, asked.error().code);
    if ((asked->status & 0xFFF0U) != kTriesLeft) return fails(Step::kPin, Errc::kUnsupported, asked->status);
    if ((asked->status & 0x0FU) < Pin::kFewestTries) return fails(Step::kPin, Errc::kNotAllowed);
    std::array<std::uint8_t, Pin::kMaxSize> padded{};
    padded.fill(kPinPadding);
    std::copy_n(pin->value.begin(), std::min(pin->value.size(), padded.size()), padded.begin());
    verified = true;
    const auto given = terminal.exchange({.ins = kVerify, .p2 = pin->reference, .data = padded});
    wipe(padded);
    if (!given) return fails(Step::kPin, given.error().code);
    return given->ok() || fails(Step::kPin, Errc::kUnauthorized, given->status);
  }

  /// `out.size()` bytes of the selected file from `offset` on, or less where it ends before.
  bool read(Step step, std::size_t offset, ByteSpan out, std::size_t& size) noexcept {
    size = 0;
    while (size < out.size()) {
      const std::size_t at = offset + size;
      if (at > INT16_MAX) break;
      const std::size_t chunk = terminal.secured() ? SecureChannel::kMaxResponseData : kPlainChunk;
      const std::size_t wanted = std::min(out.size() - size, chunk);
      const auto response = terminal.exchange({.ins = kReadBinary,
                                               .p1 = static_cast<std::uint8_t>(at >> 8),
                                               .p2 = static_cast<std::uint8_t>(at),
                                               .expected = static_cast<std::uint16_t>(wanted)});
      if (!response) return fails(step, response.error().code);
      if (response->status == kWrongOffset && size > 0) break;
      if (response->status == kLocked && pin && !verified) {
        if (!verify()) return false;
        continue;
      }
      if (!response->ok() && response->status != kEndOfFile) return refused(step, response->status);
      // A card that gives more than it is asked for, as all of them may over a secure channel, gives it
      // again.
      const std::size_t taken = std::min(response->data.size(), wanted);
      std::copy_n(response->data.begin(), taken, out.begin() + static_cast<std::ptrdiff_t>(size));
      size += taken;
      if (taken < wanted) break;
    }
    return true;
  }

  bool read_directory(Step step, const FilePath& path, ByteSpan out, std::size_t& size) noexcept {
    bool selected = false;
    const auto known = select(step, path, selected);
    if (!selected) return false;
    if (known && *known > kMaxDirectory) return fails(step, Errc::kTooLarge);
    return read(step, 0, out.first(std::min(out.size(), known.value_or(kMaxDirectory))), size);
  }

  /// The path of the bootstrap data, by both directories.
  bool locate(ByteSpan out, FilePath& path, std::uint16_t& offset) noexcept {
    std::size_t size = 0;
    if (!read_directory(Step::kObjectDirectory, path_of(kOdf), out, size)) return false;
    std::array<FilePath, kMaxDirectories> directories{};
    std::size_t count = 0;
    const auto listed = for_each_data_directory(out.first(size), [&](ByteView found) -> Result<void> {
      if (count < directories.size()) directories[count++] = path_of(found);
      return {};
    });
    if (!listed) return fails(Step::kObjectDirectory, listed.error().code);
    failure = {Step::kDataDirectory, Errc::kNotFound};
    for (std::size_t i = 0; i < count; ++i) {
      if (!read_directory(Step::kDataDirectory, directories[i], out, size)) return false;
      const auto object = find_bootstrap_object(out.first(size));
      if (!object && object.error().code != Errc::kNotFound)
        return fails(Step::kDataDirectory, object.error().code);
      if (!object) continue;
      path = path_of(object->path);
      offset = object->offset;
      return true;
    }
    return fails(Step::kDataDirectory, Errc::kNotFound);
  }

  bool read_file(const FilePath& path, std::uint16_t offset, ByteSpan out, std::size_t& size) noexcept {
    bool selected = false;
    (void)select(Step::kFile, path, selected);
    if (!selected) return false;
    if (!read(Step::kFile, offset, out.first(kBootstrapHeader), size)) return false;
    const auto whole = bootstrap_file_size(out.first(size));
    if (!whole) return fails(Step::kFile, whole.error().code);
    if (*whole > out.size()) return fails(Step::kFile, Errc::kTooLarge);
    std::size_t rest = 0;
    const ByteSpan behind = out.first(*whole).subspan(kBootstrapHeader);
    if (!read(Step::kFile, offset + kBootstrapHeader, behind, rest)) return false;
    if (rest != behind.size()) return fails(Step::kFile, Errc::kTruncated);
    size = *whole;
    return true;
  }

  bool secure(SecureChannel& channel, Random& random) noexcept {
    const auto opened = channel.open(terminal, random);
    return opened || fails(Step::kSecureChannel, opened.error().code);
  }
};

}  // namespace

std::expected<std::size_t, ReadFailure> read_bootstrap(Transport& transport,
                                                       const std::optional<Protection>& protection,
                                                       const std::optional<Pin>& pin, ByteSpan out) noexcept {
  Reading reading(transport, pin);
  std::optional<SecureChannel> secure;
  if (protection) secure.emplace(*protection->cipher, protection->keys);
  const FilePath id = reading.application();
  FilePath path;
  std::uint16_t offset = 0;
  std::size_t size = 0;
  const bool done = reading.open_channel() && reading.select_application(id.view()) &&
                    (!secure || reading.secure(*secure, *protection->random)) &&
                    reading.locate(out, path, offset) && reading.read_file(path, offset, out, size);
  reading.close_channel();
  if (!done) return std::unexpected(reading.failure);
  return size;
}

}  // namespace linnet::card
