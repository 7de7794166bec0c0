// SPDX-License-Identifier: Apache-2.0
// A snapshot from memory that may hold anything. What a device made of it is kept again and put back
// into another device, which then is the same.
#include "linnet/client/snapshot.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"

namespace {

using namespace linnet;
using namespace linnet::client;

struct Device {
  SecurityObject<2> security;
  ServerObject<2> servers;
  Instances<LightControlInstance, 2, Creation::kByServers> lights;
  std::array<Object*, 3> objects{&security, &servers, &lights};
  ObjectTree tree{objects};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Device first;
  Device second;
  (void)restore(first.tree, ByteView(data, size));
  std::array<std::uint8_t, 4096> buffer{};
  Snapshot kept(buffer);
  if (!kept.add(first.tree, Path()) || !restore(second.tree, kept.bytes())) std::abort();
  std::array<std::uint8_t, 4096> other{};
  Snapshot again(other);
  if (!again.add(second.tree, Path()) || !equal(kept.bytes(), again.bytes())) std::abort();
  return 0;
}
