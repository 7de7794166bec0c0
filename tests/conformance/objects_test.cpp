// SPDX-License-Identifier: Apache-2.0
// Cases of single objects: Access Control (1100), Device (1300), Connectivity Monitoring (1400),
// Firmware Update (1500), Portfolio (1630, 1635), Connectivity Statistics (1700).
#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/connectivity_monitoring.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/firmware_update.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/portfolio.hpp"
#include "role.hpp"

namespace linnet::conformance {

using client::Right;
using client::Rights;
using std::chrono_literals::operator""s;

class Objects : public Case {};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Objects, kEverywhere, name_of);

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

/// A flash bank that takes any package, or says `result` of the next one.
class Bank final : public client::PackageSink, public client::FirmwareInstaller {
 public:
  client::PackageResult begin(std::optional<std::uint32_t> /*size*/) noexcept override {
    bytes.clear();
    return on_begin;
  }
  client::PackageResult write(std::uint32_t /*offset*/, ByteView more) noexcept override {
    bytes.append(as_text(more));
    return client::PackageResult::kInitial;
  }
  client::PackageResult finish(client::PackageInfo& info) noexcept override {
    info.version.assign("2.0");
    return on_finish;
  }
  void discard() noexcept override { bytes.clear(); }
  bool install() noexcept override { return installs; }

  std::string bytes;
  client::PackageResult on_begin{}, on_finish{};
  bool installs = true;
};

/// Fetches by HTTP what the test hands over.
class Downloads final : public client::Downloader {
 public:
  client::PackageResult open(client::PackageTransfer& /*transfer*/, std::string_view uri,
                             std::uint32_t /*offset*/) noexcept override {
    if (uri.starts_with("ftp:")) return client::PackageResult::kUnsupportedProtocol;
    return uri.starts_with("http:") ? client::PackageResult::kInitial : client::PackageResult::kInvalidUri;
  }
  void close(client::PackageTransfer& /*transfer*/) noexcept override {}
};

TEST_P(Objects, Int1500_firmware_update) {
  using Result = client::PackageResult;
  constexpr std::array kProtocols{client::FirmwareUpdateObject::kHttp};
  Bank bank;
  Downloads downloads;
  client::FirmwareUpdateObject firmware(bank, bank, &downloads, kProtocols);
  device.config.coap.max_streams = 1;
  registered({&firmware}, "</5/0>");
  std::optional<client::PackageStreams> streams;
  if (has_device()) {
    streams.emplace(device.engine);
    ASSERT_TRUE(firmware.connect(*streams));
  }
  std::uint32_t told = 0;
  const auto state_becomes = [&](const char* state) {
    pass(1s);
    notified({}, content(kText, state).observe(++told));
  };
  const auto result_is = [&](const char* result) {
    ask(get("/5/0/5").accept(kText), content(kText, result));
  };
  ask(get("/5/0/8").accept(kTlv), content(kTlv, hex("83 08 41 00 02")));
  ask(get("/5/0/9").accept(kText), content(kText, "2"));
  ask(get("/5/0/3").observe(0).accept(kText), content(kText, "0").observe(0));
  // Nothing can be installed yet.
  ask(post("/5/0/2"), answer(4, 5));

  const std::string image(2500, 'L');
  ask_in_blocks(put("/5/0/0").payload(kOpaque, image), changed());
  state_becomes("2");
  result_is("0");
  ask(get("/5/0/7").accept(kText), content(kText, "2.0"));
  if (has_device()) {
    EXPECT_EQ(bank.bytes, image);
  }
  ask(post("/5/0/2"), changed());
  state_becomes("3");
  if (has_device()) firmware.updated(true);
  state_becomes("0");
  result_is("1");

  // What becomes of packages that are pushed.
  const auto push = [&](Result begin, Result finish, const Message& response, const char* result) {
    bank.on_begin = begin;
    bank.on_finish = finish;
    ask(put("/5/0/0").payload(kOpaque, "image"), response);
    result_is(result);
  };
  push(Result::kNoStorage, {}, answer(4, 13), "2");
  push(Result::kNoMemory, {}, answer(5, 0), "3");
  push({}, Result::kIntegrity, changed(), "5");
  push({}, Result::kUnsupportedType, changed(), "6");
  push({}, {}, changed(), "0");
  if (has_device()) bank.installs = false;
  ask(post("/5/0/2"), changed());
  result_is("8");
  ask(put("/5/0/0").payload(kOpaque, std::string(1, '\0')), changed());
  result_is("0");

  // ... and of those that are pulled.
  const auto pull = [&](const char* uri, Result failure, const char* result) {
    ask(put("/5/0/1").payload(kText, uri), changed());
    if (has_device() && failure != Result::kInitial) firmware.transfer().failed(failure);
    if (has_device()) device.engine.step(now);
    result_is(result);
  };
  pull("mailto:nobody", {}, "7");
  pull("ftp://repo.example/fw", {}, "9");
  pull("http://repo.example/fw", Result::kIntegrity, "5");
  pull("http://repo.example/fw", {}, "0");
  ask(get("/5/0/1").accept(kText), content(kText, "http://repo.example/fw"));
  state_becomes("1");
  if (has_device()) {
    firmware.transfer().received(as_bytes(image), true);
    device.engine.step(now);
  }
  state_becomes("2");
  ask(put("/5/0/1").payload(kText, ""), changed());
  state_becomes("0");
}

class PortfolioCase : public Objects {
 protected:
  /// Creates 16/0 with four identities and 16/1 with two.
  void create() {
    registered({&portfolio}, "</16>");
    ask(post("/16").payload(kSenmlJson, R"([{"bn":"/16/0/0/","n":"0","vs":"354823"},{"n":"1","vs":"Acme"},)"
                                        R"({"n":"2","vs":"Pump 7"},{"n":"3","vs":"1.4"}])"),
        created());
    tell({}, post("/rd/*").payload(kLinkFormat, list("</16/0>")), changed());
    // The device chooses the number where the payload does not.
    ask(post("/16").payload(kTlv, hex("88 00 0c  44 00 41636d65  44 01 50756d70")),
        created().location("/16/1"));
    tell({}, post("/rd/*").payload(kLinkFormat, list("</16/0>,</16/1>")), changed());
  }
  static std::string list(const std::string& portfolio) {
    return "</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\",</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>," +
           portfolio;
  }

  client::PortfolioObject<4> portfolio;
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, PortfolioCase, kEverywhere, name_of);

TEST_P(PortfolioCase, Int228_write_a_resource_instance) {
  create();
  ask(put("/16/1/0/0").payload(kText, "Acme Ltd"), changed());
  ask(get("/16/1/0").accept(kTlv), content(kTlv, hex("88 00 11  48 00 08 41636d65204c7464  44 01 50756d70")));
  ask(put("/16/1/0/1").payload(kSenmlJson, R"([{"n":"/16/1/0/1","vs":"Fan"}])"), changed());
  ask(get("/16/1/0/1").accept(kText), content(kText, "Fan"));
  ask(get("/16/1/0/0").accept(kText), content(kText, "Acme Ltd"));
}

TEST_P(PortfolioCase, Int1630_portfolio_create) {
  create();
  ask(get("/16").accept(kLinkFormat),
      content(
          kLinkFormat,
          "</16>,</16/0>,</16/0/0>;dim=4,</16/0/1>,</16/0/3>,</16/1>,</16/1/0>;dim=2,</16/1/1>,</16/1/3>"));
  ask(get("/16/0/0/2").accept(kText), content(kText, "Pump 7"));
  // Identity is mandatory, and there can be an instance only once.
  ask(post("/16").payload(kSenmlJson, R"([{"n":"/16/0/0/0","vs":"again"}])"), answer(4, 0));
}

TEST_P(PortfolioCase, Int1635_portfolio_delete) {
  create();
  ask(remove("/16/0"), deleted());
  tell({}, post("/rd/*").payload(kLinkFormat, list("</16/1>")), changed());
  ask(get("/16/0").accept(kTlv), answer(4, 4));
  ask(get("/16").accept(kLinkFormat),
      content(kLinkFormat, "</16>,</16/1>,</16/1/0>;dim=2,</16/1/1>,</16/1/3>"));
  ask(remove("/16/0"), answer(4, 4));
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
