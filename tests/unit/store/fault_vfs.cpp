// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/fault_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace linnet::store::test {
namespace {

std::atomic<Fault> active_fault = Fault::kNone;
std::atomic<int> fault_errno = 0;
std::mutex images_mutex;
std::map<std::string, std::vector<char>> images;  // by file name, as synced

/// What SQLite sees as its file; the real one lies behind it in the same memory.
struct File {
  sqlite3_file base;
  int last_error;
  std::string* name;
};

sqlite3_vfs* real_vfs = nullptr;

File* own(sqlite3_file* file) {
  return static_cast<File*>(static_cast<void*>(file));
}
sqlite3_file* real(sqlite3_file* file) {
  return static_cast<sqlite3_file*>(static_cast<void*>(own(file) + 1));
}

bool fails(sqlite3_file* file, Fault kind) {
  if (active_fault.load() != kind) return false;
  own(file)->last_error = fault_errno.load();
  return true;
}

int close(sqlite3_file* file) {
  delete own(file)->name;
  return real(file)->pMethods->xClose(real(file));
}
int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}
int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (fails(file, Fault::kWrite)) return SQLITE_IOERR_WRITE;
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  if (fails(file, Fault::kSync)) return SQLITE_IOERR_FSYNC;
  sqlite3_int64 size = 0;
  real(file)->pMethods->xFileSize(real(file), &size);
  std::vector<char> image(static_cast<std::size_t>(size));
  if (size > 0) real(file)->pMethods->xRead(real(file), image.data(), static_cast<int>(size), 0);
  const int code = real(file)->pMethods->xSync(real(file), flags);
  if (code == SQLITE_OK && own(file)->name != nullptr) {
    const std::lock_guard lock(images_mutex);
    images[*own(file)->name] = std::move(image);
  }
  return code;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int control(sqlite3_file* file, int operation, void* argument) {
  if (operation == SQLITE_FCNTL_LAST_ERRNO && own(file)->last_error != 0) {
    *static_cast<int*>(argument) = own(file)->last_error;
    return SQLITE_OK;
  }
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
// Not what the real one promises (that an overwrite after a power cut is safe): SQLite takes most care.
int characteristics(sqlite3_file*) {
  return 0;
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,           close,          read,    write,       truncate,        sync,    file_size, lock_file,
    unlock_file, check_reserved, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap,   nullptr,        nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  own(file)->last_error = 0;
  own(file)->name = nullptr;
  file->pMethods = nullptr;
  const int code = real_vfs->xOpen(real_vfs, name, real(file), flags, out_flags);
  if (real(file)->pMethods == nullptr) return code;
  file->pMethods = &kMethods;
  if (name != nullptr) own(file)->name = new std::string(name);
  return code;
}

}  // namespace

void use_fault_vfs() {
  if (real_vfs != nullptr) return;
  static sqlite3_vfs vfs;
  real_vfs = sqlite3_vfs_find("unix");
  vfs = *real_vfs;
  vfs.zName = "fault";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real_vfs->szOsFile;
  vfs.xOpen = open;
  sqlite3_vfs_register(&vfs, 1);
}

void set_fault(Fault fault, int error) {
  fault_errno = error;
  active_fault = fault;
}

void write_what_was_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::lock_guard lock(images_mutex);
  for (const auto& [name, image] : images) {
    const std::filesystem::path file(name);
    if (file.parent_path() != from) continue;
    std::ofstream(to / file.filename(), std::ios::binary)
        .write(image.data(), static_cast<std::streamsize>(image.size()));
  }
}

}  // namespace linnet::store::test
