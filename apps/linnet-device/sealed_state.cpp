// SPDX-License-Identifier: Apache-2.0
#include "sealed_state.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "linnet/base/wipe.hpp"

namespace linnet::device {

namespace {

constexpr std::array<std::uint8_t, 8> kMark{'L', 'N', 'S', 'S', 1, 0, 0, 0};
constexpr std::size_t kSizeSize = 4;
constexpr std::uint8_t kErased = 0xFF;

/// Which region it stands in is authenticated too.
store::RecordKey record_key(unsigned region) {
  static constexpr std::string_view kNames[]{"linnet-device state 0", "linnet-device state 1"};
  return {store::RecordKind::kSeal, kNames[region]};
}

constexpr std::size_t sealed_size(std::size_t max_state) {
  return max_state + SealedMedium::kOverhead;
}

bool begins_sealed(const std::string& path, std::size_t at) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, kMark.size()> head{};
  file.seekg(static_cast<std::streamoff>(at + kSizeSize));
  return file.read(head.data(), head.size()) &&
         std::ranges::equal(head, kMark, {}, [](char c) { return static_cast<std::uint8_t>(c); });
}

/// What stands in a file in clear; empty where nothing does.
std::expected<server::SecretBytes, std::string> read_clear(const std::string& path, std::size_t max_state) {
  server::SecretBytes payload;
  if (!std::filesystem::exists(path)) return payload;
  const auto clear = StateFile::open(path, max_state);
  if (!clear) return std::unexpected(clear.error());
  payload.resize(max_state);
  client::StateImage image;
  const auto loaded = image.load(**clear, payload);
  payload.resize(loaded ? loaded->size() : 0);
  return payload;
}

}  // namespace

bool is_sealed_state(const std::string& path, std::size_t max_state) {
  return begins_sealed(path, 0) ||
         begins_sealed(path, client::StateImage::kHeaderSize + sealed_size(max_state));
}

SealedMedium::SealedMedium(client::Medium& inner, std::unique_ptr<store::Sealer> sealer)
    : inner_(inner), sealer_(std::move(sealer)) {
  const std::size_t size = inner.region_size();
  for (server::SecretBytes& image : images_) image.assign(size - std::min(size, kOverhead), kErased);
}

std::expected<SealedState, std::string> SealedState::open(const std::string& path, std::size_t max_state,
                                                          ByteView key) {
  auto sealer = store::Sealer::make(key, 1);
  if (!sealer) return std::unexpected("the library refuses to encrypt");
  server::SecretBytes clear;
  if (!is_sealed_state(path, max_state)) {
    auto found = read_clear(path, max_state);
    if (!found) return std::unexpected(found.error());
    clear = *std::move(found);
  }
  const std::string fresh = path + ".new";
  if (!clear.empty()) ::unlink(fresh.c_str());
  auto file = StateFile::open(clear.empty() ? path : fresh, sealed_size(max_state));
  if (!file) return std::unexpected(file.error());
  SealedState state{*std::move(file), nullptr};
  state.medium = std::make_unique<SealedMedium>(*state.file, std::move(sealer));
  if (clear.empty()) {
    if (!state.medium->load()) return std::unexpected(path + ": it is under another key, or damaged");
    return state;
  }
  client::StateImage image;
  if (!image.save(*state.medium, clear) || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return std::unexpected(path + ": it cannot be brought under its key");
  }
  return state;
}

bool SealedMedium::load() {
  return load(0) && load(1);
}

bool SealedMedium::load(unsigned region) {
  std::array<std::uint8_t, kHead> head{};
  if (!inner_.read(region, 0, head)) return false;
  if (!equal(ByteView(head).subspan(kSizeSize), kMark)) return true;
  const auto size = static_cast<std::size_t>(*ByteReader(head).uint(kSizeSize));
  if (size > inner_.region_size() - kHead) return false;
  std::vector<std::uint8_t> sealed(size);
  if (!inner_.read(region, kHead, sealed)) return false;
  const auto opened = sealer_->open(record_key(region), sealed);
  if (!opened || opened->size() > images_[region].size()) return false;
  std::ranges::copy(*opened, images_[region].begin());
  used_[region] = opened->size();
  return true;
}

bool SealedMedium::read(unsigned region, std::size_t at, ByteSpan out) noexcept {
  const server::SecretBytes& image = images_[region];
  if (at > image.size() || out.size() > image.size() - at) return false;
  std::copy_n(image.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  return true;
}

bool SealedMedium::erase(unsigned region) noexcept {
  std::ranges::fill(images_[region], kErased);
  used_[region] = 0;
  std::array<std::uint8_t, kMark.size()> blank{};
  blank.fill(kErased);
  return inner_.write(region, kSizeSize, blank);
}

bool SealedMedium::write(unsigned region, std::size_t at, ByteView bytes) noexcept {
  server::SecretBytes& image = images_[region];
  if (at > image.size() || bytes.size() > image.size() - at) return false;
  std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(at));
  used_[region] = std::max(used_[region], at + bytes.size());
  if (at > 0) return true;
  const auto sealed = sealer_->seal(0, record_key(region), ByteView(image).first(used_[region]));
  if (!sealed) return false;
  std::array<std::uint8_t, kHead> head{};
  ByteWriter out(head);
  out.uint(sealed->size(), kSizeSize);
  out.bytes(kMark);
  return inner_.write(region, kHead, *sealed) && inner_.write(region, 0, head);
}

}  // namespace linnet::device
