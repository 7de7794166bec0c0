// SPDX-License-Identifier: Apache-2.0
#include "package_file.hpp"

#include <array>
#include <cstdio>
#include <vector>

#include "linnet/client/persistence.hpp"

namespace linnet::device {

using client::PackageResult;
namespace fs = std::filesystem;

namespace {

bool image_agrees(const fs::path& file, const PackageHeader& header) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(header.line));
  std::uint32_t crc = 0;
  std::uint64_t size = 0;
  std::vector<std::uint8_t> bytes(65'536);
  while (in) {
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    crc = client::crc32(ByteView(bytes).first(got), crc);
    size += got;
  }
  return size == header.size && crc == header.crc;
}

}  // namespace

std::optional<PackageHeader> PackageHeader::parse(PackageKind kind, std::string_view beginning) {
  const std::string_view word = kind == PackageKind::kFirmware ? "linnet-firmware " : "linnet-software ";
  const std::size_t end = beginning.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos || !beginning.starts_with(word)) return std::nullopt;
  const std::string line(beginning.substr(word.size(), end - word.size()));
  PackageHeader header;
  std::array<char, 65> name{};
  std::array<char, 65> version{};
  unsigned long long size = 0;
  unsigned crc = 0;
  int read = 0;
  if (std::sscanf(line.c_str(), "1 %64s %64s %llu %8x%n", name.data(), version.data(), &size, &crc, &read) !=
          4 ||
      static_cast<std::size_t>(read) != line.size()) {
    return std::nullopt;
  }
  header.name = name.data();
  header.version = version.data();
  header.size = size;
  header.crc = crc;
  header.line = end + 1;
  return header;
}

std::optional<PackageHeader> PackageHeader::read(PackageKind kind, const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string beginning(kMaxLine, '\0');
  in.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(in.gcount()));
  return parse(kind, beginning);
}

bool PackageFile::move_to(const fs::path& file) noexcept {
  std::error_code error;
  fs::rename(path_, file, error);
  return !error;
}

PackageResult PackageFile::begin(std::optional<std::uint32_t> size) noexcept {
  if (size.value_or(0) > kMaxPackage) return PackageResult::kNoStorage;
  out_.close();
  out_.clear();
  out_.open(path_, std::ios::binary | std::ios::trunc);
  return out_ ? PackageResult::kInitial : PackageResult::kNoStorage;
}

bool PackageFile::resume(std::uint32_t offset) noexcept {
  std::error_code error;
  const auto size = fs::file_size(path_, error);
  if (error || size < offset) return false;
  out_.close();
  out_.clear();
  out_.open(path_, std::ios::binary | std::ios::in | std::ios::out);
  return out_.good();
}

PackageResult PackageFile::write(std::uint32_t offset, ByteView bytes) noexcept {
  if (offset + std::uint64_t{bytes.size()} > kMaxPackage) return PackageResult::kNoStorage;
  out_.seekp(offset);
  out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  // On disk before the next block is asked for: a pull goes on from here after a crash.
  out_.flush();
  if (!out_) return PackageResult::kNoStorage;
  progress_();
  return PackageResult::kInitial;
}

PackageResult PackageFile::finish(client::PackageInfo& info) noexcept {
  out_.close();
  const auto header = PackageHeader::read(kind_, path_);
  if (!header) return PackageResult::kUnsupportedType;
  if (!image_agrees(path_, *header)) return PackageResult::kIntegrity;
  info.name.assign(header->name);
  info.version.assign(header->version);
  return PackageResult::kInitial;
}

void PackageFile::discard() noexcept {
  out_.close();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

bool replace_file(const fs::path& path, const std::string& text) noexcept {
  const fs::path next = path.string() + ".next";
  {
    std::ofstream out(next, std::ios::trunc);
    out << text << '\n';
    if (!out.flush()) return false;
  }
  std::error_code error;
  fs::rename(next, path, error);
  return !error;
}

std::string to_hex(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    text += digits.data();
  }
  return text;
}

std::vector<std::uint8_t> from_hex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace linnet::device
