// SPDX-License-Identifier: Apache-2.0
#include "revoked.hpp"

#include <spdlog/spdlog.h>

#include <ctime>
#include <fstream>
#include <iterator>

namespace linnet::linnetd {

std::vector<RevokedCertificates::Stamp> RevokedCertificates::stamps() const {
  std::vector<Stamp> stamps;
  for (const std::filesystem::path& file : files_) {
    std::error_code none;
    const auto time = std::filesystem::last_write_time(file, none);
    stamps.emplace_back(time, std::filesystem::file_size(file, none));
  }
  return stamps;
}

std::expected<void, std::string> RevokedCertificates::read() {
  if (!watched()) return {};
  // Before they are read: a change in between is seen the next time.
  seen_ = stamps();
  std::vector<tls::OwnedBytes> contents;
  for (const std::filesystem::path& path : files_) {
    std::ifstream file(path, std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || contents.back().empty())
      return std::unexpected(path.string() + " cannot be read, or is empty");
    const auto usable = tls::RevocationLists::read({&contents.back(), 1});
    if (!usable) return std::unexpected(path.string() + ": " + usable.error());
  }
  const auto lists = tls::RevocationLists::read(contents);
  if (!lists) return std::unexpected(lists.error());
  in_force_->replace(*lists);
  spdlog::info("{} certificates are revoked, by {} lists", (*lists)->certificates(), (*lists)->lists());
  if (const auto old = (*lists)->out_of_date(UnixTime{std::time(nullptr)}); old != 0)
    spdlog::warn("{} lists of revoked certificates are out of date: nothing newer is revoked", old);
  return {};
}

void RevokedCertificates::read_again() {
  if (const auto done = read(); !done)
    spdlog::error("{}. The lists of revoked certificates of before stay in force", done.error());
}

void RevokedCertificates::look() {
  if (watched() && stamps() != seen_) read_again();
}

}  // namespace linnet::linnetd
