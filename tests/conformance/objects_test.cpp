// SPDX-License-Identifier: Apache-2.0
// Cases of single objects: Access Control (1100), Device (1300), Connectivity Monitoring (1400),
// Connectivity Statistics (1700).
#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/connectivity_monitoring.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "role.hpp"

namespace linnet::conformance {

using client::Right;
using client::Rights;
using std::chrono_literals::operator""s;

class Objects : public Case {};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Objects,
                         testing::Values(Role::kDevice, Role::kServer, Role::kTogether), name_of);

TEST_P(Objects, Int1100_access_control) {
  client::AccessControlObject<8> control;
  client::TemperatureObject<3> temperature;
  const auto entry = [&](client::InstanceId id, client::ObjectId object, client::InstanceId instance,
                         client::ShortServerId owner) -> auto& {
    auto& added = *control.add(id);
    added.object.value = object;
    added.instance.value = instance;
    added.owner.value = owner;
    return added;
  };
  entry(0, 1, 0, kAccount);
  entry(1, 1, 1, kOtherAccount);
  entry(2, 3, 0, kOtherAccount).acl.set(kAccount, static_cast<std::uint16_t>(Rights(Right::kRead).entry()));
  entry(3, 3303, 0, kAccount);
  entry(4, 3303, 1, kOtherAccount).acl.set(0, static_cast<std::uint16_t>(Rights(Right::kExecute).entry()));
  entry(5, 3303, 2, kOtherAccount).acl.set(kOtherAccount, static_cast<std::uint16_t>(Rights::all().entry()));
  for (client::InstanceId i = 0; i < 3; ++i) temperature.add(i);
  device.other_account = true;
  start({&control, &temperature});
  tell({},
       register_message("</1/0>,</1/1>,</2/0>,</2/1>,</2/2>,</2/3>,</2/4>,</2/5>,</3>;ver=1.1,</3/0>,"
                        "</3303/0>,</3303/1>,</3303/2>"),
       registered_answer());
  // The owner without an entry may do all.
  ask(get("/3303/0/5700").accept(kText), content(kText, "0"));
  ask(post("/3303/0/5605"), changed());
  // A server with an entry may do what that says; the default entry is for those without one.
  ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
  ask(put("/3/0/15").payload(kText, "CET"), answer(4, 1));
  ask(post("/3/0/4"), answer(4, 1));
  ask(post("/3303/1/5605"), changed());
  ask(get("/3303/1/5700").accept(kText), answer(4, 1));
  // Neither owner nor entry.
  ask(get("/3303/2/5700").accept(kText), answer(4, 1));
  ask(get("/3303/2").observe(0).accept(kTlv), answer(4, 1));
  ask(get("/3303/2").accept(kLinkFormat), answer(4, 1));
  ask(put("/3303/2").query("pmin=5"), answer(4, 1));
  ask(post("/3303/2/5605"), answer(4, 1));
  ask(remove("/3303/2"), answer(4, 1));
  // Only its owner changes an Access Control instance; everybody may read it.
  ask(get("/2/3/3").accept(kText), content(kText, "1"));
  ask(put("/2/2/2").payload(kTlv, hex("8202 4101 1f")), answer(4, 1));
  ask(put("/2/3/2").payload(kTlv, hex("83 02 41 02 01")), changed());
  ask(get("/2/3/2").accept(kTlv), content(kTlv, hex("83 02 41 02 01")));
}

TEST_P(Objects, Int1300_device) {
  registered();
  ask(get("/3/0/16").accept(kText), content(kText, "U"));
  ask(get("/3/0/11").accept(kTlv), content(kTlv, hex("83 0b 410000")));
  // An error is raised and reset: the code goes back to 0.
  if (has_device()) device.device.get(0)->raise(1);
  ask(get("/3/0/11/0").accept(kText), content(kText, "1"));
  ask(post("/3/0/12"), changed());
  ask(get("/3/0/11/0").accept(kText), content(kText, "0"));
  ask(post("/3/0/4"), changed());
  if (has_device()) {
    EXPECT_EQ(device.reboots, 1);
  }
  // The battery's level is observed.
  ask(get("/3/0/9").observe(0).accept(kText), content(kText, "100").observe(0));
  pass_quietly(2s);
  notified([&] { device.device.set<&client::DeviceInstance::battery_level>(0, 20); },
           content(kText, "20").observe(1));
}

TEST_P(Objects, Int1400_connectivity_monitoring) {
  client::ConnectivityMonitoringObject monitoring;
  client::ConnectivityMonitoringInstance& state = *monitoring.add(0);
  state.network_bearer = 7;  // NB-IoT
  state.available_bearers = {7};
  state.radio_signal_strength = -92;
  state.ip_addresses.set(0, client::ConnectivityMonitoringInstance::Address("192.0.2.7"));
  registered({&monitoring}, "</4>;ver=1.2,</4/0>");
  ask(get("/4/0/0").accept(kText), content(kText, "7"));
  ask(get("/4/0/2").accept(kText), content(kText, "-92"));
  ask(get("/4/0/4/0").accept(kText), content(kText, "192.0.2.7"));
  ask(get("/4/0/2").observe(0).accept(kText), content(kText, "-92").observe(0));
  pass_quietly(2s);
  notified([&] { monitoring.set<&client::ConnectivityMonitoringInstance::radio_signal_strength>(0, -101); },
           content(kText, "-101").observe(1));
}

TEST_P(Objects, Int1700_connectivity_statistics) {
  client::ConnectivityStatisticsObject statistics;
  registered({&statistics}, "</7/0>");
  ask(put("/7/0/8").payload(kText, "60"), changed());
  ask(post("/7/0/6"), changed());
  ask(get("/3/0").accept(kText), answer(4, 6));
  ask(post("/7/0/7"), changed());
  ask(get("/7/0/8").accept(kText), content(kText, "60"));
  // Whole kilobytes: there were fewer.
  ask(get("/7/0/2").accept(kText), content(kText, "0"));
  ask(get("/7/0/3").accept(kText), content(kText, "0"));
}

}  // namespace linnet::conformance
