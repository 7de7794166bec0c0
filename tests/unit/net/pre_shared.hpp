// SPDX-License-Identifier: Apache-2.0
// Two devices with the same pre-shared key: dev-one, whose identity is "one", and dev-two.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "linnet/server/credentials.hpp"
#include "tests/unit/tls/client_double.hpp"

namespace linnet::net::test {

inline const tls::OwnedBytes kKey{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

inline std::vector<server::CredentialChange> devices() {
  std::vector<server::CredentialChange> changes;
  for (const std::string name : {"one", "two"}) {
    server::Credential credential;
    credential.endpoint = "dev-" + name;
    credential.identity.assign(name.begin(), name.end());
    credential.key.assign(kKey.begin(), kKey.end());
    changes.push_back({.put = std::move(credential)});
  }
  return changes;
}

}  // namespace linnet::net::test
