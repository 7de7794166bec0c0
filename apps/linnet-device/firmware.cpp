// SPDX-License-Identifier: Apache-2.0
#include "firmware.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "linnet/client/persistence.hpp"

namespace linnet::device {

using client::FirmwareState;
using client::PackageResult;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackage = "package";      // on its way, or waiting for Update
constexpr const char* kInstalled = "installed";  // what runs
constexpr const char* kState = "state.json";

constexpr client::FirmwareUpdateObject::Protocol kProtocols[]{client::FirmwareUpdateObject::kCoap,
                                                              client::FirmwareUpdateObject::kHttp,
                                                              client::FirmwareUpdateObject::kHttps};

std::optional<FirmwareHeader> header_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string beginning(FirmwareHeader::kMaxLine, '\0');
  in.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(in.gcount()));
  return FirmwareHeader::parse(beginning);
}

bool image_agrees(const fs::path& file, const FirmwareHeader& header) {
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

std::string hex(ByteView bytes) {
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

Json to_json(const client::FirmwareRecord& record) {
  return {{"state", static_cast<int>(record.state)},
          {"result", static_cast<int>(record.result)},
          {"name", std::string(record.info.name.view())},
          {"version", std::string(record.info.version.view())},
          {"uri", std::string(record.uri.view())},
          {"offset", record.offset},
          {"etag", hex(record.etag.view())}};
}

client::FirmwareRecord from_json(const Json& json) {
  client::FirmwareRecord record;
  record.state = static_cast<FirmwareState>(json.at("state").get<int>() & 3);
  record.result = static_cast<PackageResult>(json.at("result").get<int>());
  record.info.name.assign(json.at("name").get<std::string>());
  record.info.version.assign(json.at("version").get<std::string>());
  record.uri.assign(json.at("uri").get<std::string>());
  record.offset = json.at("offset").get<std::uint32_t>();
  record.etag.assign(from_hex(json.at("etag").get<std::string>()));
  return record;
}

}  // namespace

std::optional<FirmwareHeader> FirmwareHeader::parse(std::string_view beginning) {
  const std::size_t end = beginning.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string line(beginning.substr(0, end));
  FirmwareHeader header;
  std::array<char, 65> name{};
  std::array<char, 65> version{};
  unsigned long long size = 0;
  unsigned crc = 0;
  int read = 0;
  if (std::sscanf(line.c_str(), "linnet-firmware 1 %64s %64s %llu %8x%n", name.data(), version.data(), &size,
                  &crc, &read) != 4 ||
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

OrRefusal<std::unique_ptr<Firmware>> Firmware::open(fs::path folder, client::Downloader* downloader,
                                                    std::function<void()> reboot) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return refuse(Errc::kIo, "--firmware " + folder.string() + ": " + error.message());
  std::unique_ptr<Firmware> firmware(new Firmware(std::move(folder), downloader, std::move(reboot)));
  firmware->load();
  return firmware;
}

Firmware::Firmware(fs::path folder, client::Downloader* downloader, std::function<void()> reboot)
    : folder_(std::move(folder)), downloader_(downloader), reboot_(std::move(reboot)) {
  make_object();
}

void Firmware::make_object() {
  object_.emplace(*this, *this, downloader_,
                  downloader_ != nullptr ? std::span<const client::FirmwareUpdateObject::Protocol>(kProtocols)
                                         : std::span<const client::FirmwareUpdateObject::Protocol>());
}

/// What the disk says; a state file that cannot be read is no state.
void Firmware::load() {
  installed_ = header_of(folder_ / kInstalled);
  std::ifstream in(folder_ / kState);
  if (!in) return;
  loading_ = true;
  try {
    object_->restore(from_json(Json::parse(in)));
  } catch (const std::exception&) {
    make_object();
  }
  loading_ = false;
}

void Firmware::start(client::Engine& engine) {
  streams_.emplace(engine);
  (void)object_->connect(*streams_);
  // The package was put in its place before the reboot.
  if (object_->state() == FirmwareState::kUpdating) {
    object_->updated(!fs::exists(folder_ / kPackage) && installed_.has_value());
  }
}

void Firmware::stop() {
  on_change();
  if (downloader_ != nullptr) downloader_->close(object_->transfer());
  package_.close();
  make_object();
  streams_.reset();
  load();
}

PackageResult Firmware::begin(std::optional<std::uint32_t> size) noexcept {
  if (size.value_or(0) > kMaxPackage) return PackageResult::kNoStorage;
  package_.close();
  package_.clear();
  package_.open(folder_ / kPackage, std::ios::binary | std::ios::trunc);
  return package_ ? PackageResult::kInitial : PackageResult::kNoStorage;
}

bool Firmware::resume(std::uint32_t offset) noexcept {
  std::error_code error;
  const auto size = fs::file_size(folder_ / kPackage, error);
  if (error || size < offset) return false;
  package_.close();
  package_.clear();
  package_.open(folder_ / kPackage, std::ios::binary | std::ios::in | std::ios::out);
  return package_.good();
}

PackageResult Firmware::write(std::uint32_t offset, ByteView bytes) noexcept {
  if (offset + std::uint64_t{bytes.size()} > kMaxPackage) return PackageResult::kNoStorage;
  package_.seekp(offset);
  package_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  // On disk before the next block is asked for: a pull goes on from here after a crash.
  package_.flush();
  if (!package_) return PackageResult::kNoStorage;
  on_change();
  return PackageResult::kInitial;
}

PackageResult Firmware::finish(client::PackageInfo& info) noexcept {
  package_.close();
  const auto header = header_of(folder_ / kPackage);
  if (!header) return PackageResult::kUnsupportedType;
  if (!image_agrees(folder_ / kPackage, *header)) return PackageResult::kIntegrity;
  info.name.assign(header->name);
  info.version.assign(header->version);
  return PackageResult::kInitial;
}

void Firmware::discard() noexcept {
  package_.close();
  std::error_code ignored;
  fs::remove(folder_ / kPackage, ignored);
}

bool Firmware::install() noexcept {
  std::error_code error;
  fs::rename(folder_ / kPackage, folder_ / kInstalled, error);
  if (error) return false;
  reboot_();
  return true;
}

void Firmware::on_change() noexcept {
  if (loading_ || !object_) return;
  const fs::path next = folder_ / "state.next";
  {
    std::ofstream out(next, std::ios::trunc);
    out << to_json(object_->record()).dump() << '\n';
    if (!out.flush()) return;
  }
  std::error_code ignored;
  fs::rename(next, folder_ / kState, ignored);
}

}  // namespace linnet::device
