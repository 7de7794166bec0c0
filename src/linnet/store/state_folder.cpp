// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/state_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace linnet::store {
namespace {

std::unexpected<OpenError> io_error(std::string_view what, const std::filesystem::path& path, int error) {
  return std::unexpected(OpenError{
      Errc::kIo, std::string(what) + " " + path.string() + ": " + std::generic_category().message(error)});
}

/// The process number that the holder of the lock wrote into it, or nothing.
std::string holder(int lock) {
  std::array<char, 20> text;
  const ssize_t size = pread(lock, text.data(), text.size(), 0);
  if (size <= 0) return {};
  const std::string_view line(text.data(), static_cast<std::size_t>(size));
  return " (process " + std::string(line.substr(0, line.find('\n'))) + ")";
}

}  // namespace

std::expected<StateFolder, OpenError> StateFolder::open(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return io_error("cannot find state folder", path, error.value());
  std::filesystem::create_directories(absolute.parent_path(), error);
  if (error) return io_error("cannot make the folder above state folder", absolute, error.value());
  if (mkdir(absolute.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return io_error("cannot make state folder", absolute, errno);

  const std::filesystem::path lock_path = absolute / "lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) return io_error("cannot write in the state folder", lock_path, errno);
  StateFolder folder(absolute, lock);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error("cannot lock", lock_path, errno);
    return std::unexpected(OpenError{Errc::kBusy, "state folder " + absolute.string() +
                                                      " is in use by another linnetd" + holder(lock) +
                                                      ": stop it or give each its own --state"});
  }
  // The number is for people; on a full disk the lock holds without it.
  const std::string line = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) == 0 && pwrite(lock, line.data(), line.size(), 0) < 0) errno = 0;
  return folder;
}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateFolder& StateFolder::operator=(StateFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

bool StateFolder::sync() const noexcept {
  const int folder = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  const bool synced = fsync(folder) == 0;
  ::close(folder);
  return synced;
}

}  // namespace linnet::store
