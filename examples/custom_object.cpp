// SPDX-License-Identifier: Apache-2.0
// An object of one's own: a valve that servers may create, open, and purge. The structure is the
// object; what a server reads, writes and executes are its members.
#include <array>
#include <cstdio>

#include "linnet/client/typed_object.hpp"

namespace {

using namespace linnet;
using namespace linnet::client;

struct Valve {
  bool open = false;
  std::int32_t position = 0;   // percent; others are refused with 4.00
  std::optional<double> flow;  // there once the sensor has measured
  Text<32> label{"valve"};

  Result<void> purge(std::string_view) {
    open = true;
    return {};
  }

  static constexpr ObjectId kId = 33000;
  static constexpr auto resources() noexcept {
    return std::array{
        command<&Valve::purge>(5523),
        resource<&Valve::position>(5536, Operations::kRW, Presence::kMandatory, in_range<0, 100>),
        resource<&Valve::flow>(5700, Operations::kR), resource<&Valve::label>(5750, Operations::kRW),
        resource<&Valve::open>(5850, Operations::kRW, Presence::kMandatory)};
  }
};

}  // namespace

int main() {
  Instances<Valve, 4, Creation::kByServers> valves;  // room for four; hand &valves to Engine::init
  valves.add(0);
  valves.set<&Valve::flow>(0, 3.5);  // an engine that serves it notifies who observes
  const auto flow = valves.read(Path(33000, 0, 5700));
  std::printf("%g\n", flow ? flow->as_float() : -1.0);
  return flow && valves.validate(Path(33000, 0, 5536), Value::integer(101)).has_value() ? 1 : 0;
}
