// SPDX-License-Identifier: Apache-2.0
#include "state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace linnet::device {

std::expected<std::unique_ptr<StateFile>, std::string> StateFile::open(const std::string& path,
                                                                       std::size_t max_state) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return std::unexpected(path + ": " + std::strerror(errno));
  std::unique_ptr<StateFile> state(new StateFile(file, client::StateImage::kHeaderSize + max_state));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return std::unexpected(path + (errno == EWOULDBLOCK ? ": another process keeps its state here"
                                                        : ": " + std::string(std::strerror(errno))));
  }
  return state;
}

StateFile::~StateFile() {
  ::close(file_);
}

bool StateFile::read(unsigned region, std::size_t at, ByteSpan out) noexcept {
  const auto place = static_cast<off_t>(region * region_size_ + at);
  const ssize_t size = pread(file_, out.data(), out.size(), place);
  if (size < 0) return false;
  // Behind its end a new file is as if erased.
  std::fill(out.begin() + size, out.end(), std::uint8_t{0xFF});
  return true;
}

/// Without a header a region is empty: the rest may stay.
bool StateFile::erase(unsigned region) noexcept {
  std::array<std::uint8_t, client::StateImage::kHeaderSize> blank{};
  blank.fill(0xFF);
  return write(region, 0, blank);
}

bool StateFile::write(unsigned region, std::size_t at, ByteView bytes) noexcept {
  auto place = static_cast<off_t>(region * region_size_ + at);
  while (!bytes.empty()) {
    const ssize_t size = pwrite(file_, bytes.data(), bytes.size(), place);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    place += size;
  }
  return fdatasync(file_) == 0;
}

}  // namespace linnet::device
