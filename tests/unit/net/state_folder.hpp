// SPDX-License-Identifier: Apache-2.0
// A folder of its own for the state of a server, which goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "linnet/net/server.hpp"
#include "linnet/store/sqlite_store.hpp"

namespace linnet::net::test {

class StateFolder {
 public:
  StateFolder() {
    std::string name = ::testing::TempDir() + "linnet-state-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~StateFolder() { std::filesystem::remove_all(path_); }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  /// As ServerConfig::open_store: SQLite in this folder.
  [[nodiscard]] StoreFactory factory() const {
    return [folder = path_](store::StoreListener& listener, store::ShardIndex shards) {
      store::SqliteStoreConfig config;
      config.folder = folder;
      config.shards = shards;
      return store::open_sqlite_store(config, listener);
    };
  }

 private:
  std::filesystem::path path_;
};

}  // namespace linnet::net::test
