// SPDX-License-Identifier: Apache-2.0
// A package of the simulated device, as it lies in a file (docs/linnet-device.md): a line and the bytes
// behind it.
//
//   linnet-firmware 1 NAME VERSION SIZE CRC\n          linnet-software 1 NAME VERSION SIZE CRC\n
//
// SIZE: bytes behind the line; CRC: of these, CRC-32 (IEEE 802.3), eight hexadecimal digits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "linnet/client/package.hpp"
#include "linnet/client/package_transfer.hpp"

namespace linnet::device {

enum class PackageKind : std::uint8_t { kFirmware, kSoftware };

/// What a package says in its first line.
struct PackageHeader {
  static constexpr std::size_t kMaxLine = 256;  ///< bytes, the line feed included

  std::string name, version;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  std::size_t line = 0;  ///< bytes of the first line

  [[nodiscard]] static std::optional<PackageHeader> parse(PackageKind kind, std::string_view beginning);
  [[nodiscard]] static std::optional<PackageHeader> read(PackageKind kind, const std::filesystem::path& file);
};

/// Where a package goes on its way, and stays until it is wanted.
class PackageFile final : public client::PackageSink {
 public:
  static constexpr std::uint64_t kMaxPackage = 64U << 20;  ///< bytes; more is no storage

  /// `progress` is called when bytes are on disk.
  PackageFile(PackageKind kind, std::filesystem::path path, std::function<void()> progress)
      : kind_(kind), path_(std::move(path)), progress_(std::move(progress)) {}

  [[nodiscard]] bool exists() const { return std::filesystem::exists(path_); }
  void close() noexcept { out_.close(); }
  /// Whole, it takes the place of `file`.
  [[nodiscard]] bool move_to(const std::filesystem::path& file) noexcept;

  // client::PackageSink
  client::PackageResult begin(std::optional<std::uint32_t> size) noexcept override;
  bool resume(std::uint32_t offset) noexcept override;
  client::PackageResult write(std::uint32_t offset, ByteView bytes) noexcept override;
  client::PackageResult finish(client::PackageInfo& info) noexcept override;
  void discard() noexcept override;

 private:
  PackageKind kind_;
  std::filesystem::path path_;
  std::function<void()> progress_;
  std::ofstream out_;
};

/// What both kinds of records keep of a package.
template <typename Record>
[[nodiscard]] nlohmann::json to_json(const Record& record);
/// Of so many states. Throws std::exception for what is no such record.
template <typename Record>
[[nodiscard]] Record from_json(const nlohmann::json& json, int states);

/// A whole file or the one before it; false where the disk refuses.
bool replace_file(const std::filesystem::path& path, const std::string& text) noexcept;

[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] std::vector<std::uint8_t> from_hex(const std::string& text);

template <typename Record>
nlohmann::json to_json(const Record& record) {
  return {{"state", static_cast<int>(record.state)},
          {"result", static_cast<int>(record.result)},
          {"name", std::string(record.info.name.view())},
          {"version", std::string(record.info.version.view())},
          {"uri", std::string(record.uri.view())},
          {"offset", record.offset},
          {"etag", to_hex(record.etag.view())}};
}

template <typename Record>
Record from_json(const nlohmann::json& json, int states) {
  Record record;
  const int state = json.at("state").template get<int>();
  if (state < 0 || state >= states) throw std::out_of_range("state");
  record.state = static_cast<decltype(record.state)>(state);
  record.result = static_cast<decltype(record.result)>(json.at("result").template get<int>());
  record.info.name.assign(json.at("name").template get<std::string>());
  record.info.version.assign(json.at("version").template get<std::string>());
  record.uri.assign(json.at("uri").template get<std::string>());
  record.offset = json.at("offset").template get<std::uint32_t>();
  record.etag.assign(from_hex(json.at("etag").template get<std::string>()));
  return record;
}

}  // namespace linnet::device
