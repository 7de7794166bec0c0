// SPDX-License-Identifier: Apache-2.0
// Objects 9 and 14: every state and result of a software package, and what is switched on and off.
// Shows: OB-3
#include "linnet/client/objects/software_management.hpp"

#include <numeric>

#include "linnet/client/objects/software_component.hpp"
#include "linnet/coap/block.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kOpaque = 42, kTlv = 11542;

class Store final : public PackageSink {
 public:
  PackageResult begin(std::optional<std::uint32_t>) noexcept override {
    bytes.clear();
    return on_begin;
  }
  bool resume(std::uint32_t offset) noexcept override { return bytes.size() >= offset; }
  PackageResult write(std::uint32_t offset, ByteView more) noexcept override {
    bytes.resize(offset);
    bytes.append(as_text(more));
    return on_write;
  }
  PackageResult finish(PackageInfo& info) noexcept override {
    info.name.assign("editor");
    info.version.assign("3.1");
    return on_finish;
  }
  void discard() noexcept override { bytes.clear(); }

  std::string bytes;
  PackageResult on_begin{}, on_write{}, on_finish{};
};

class Downloads final : public Downloader {
 public:
  PackageResult open(PackageTransfer&, std::string_view text, std::uint32_t at) noexcept override {
    if (!text.starts_with("http:")) return PackageResult::kUnsupportedProtocol;
    opened = text;
    offset = at;
    return PackageResult::kInitial;
  }
  void close(PackageTransfer&) noexcept override { opened.clear(); }
  std::string opened;
  std::uint32_t offset = 0;
};

class Installer final : public SoftwareInstaller {
 public:
  bool install(InstanceId package) noexcept override { return note("install " + std::to_string(package)); }
  bool uninstall(InstanceId package, bool for_update) noexcept override {
    return note((for_update ? "replace " : "uninstall ") + std::to_string(package));
  }
  bool activate(InstanceId package, bool active) noexcept override {
    return note((active ? "start " : "stop ") + std::to_string(package));
  }
  void on_change(InstanceId) noexcept override { ++changes; }
  std::vector<std::string> take() { return std::exchange(done, {}); }

  bool works = true;
  int changes = 0;

 private:
  bool note(std::string what) {
    done.push_back(std::move(what));
    return works;
  }
  std::vector<std::string> done;
};

class SoftwareManagement : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &software, &probes};
    ASSERT_TRUE(software.add(0));
    registered();
    streams.emplace(engine);
    ASSERT_TRUE(software.connect(*streams));
  }
  Code push(std::string_view path = "/9/0/2", std::string_view package = "package") {
    return ask(Code::kPut, std::string(path), {.format = kOpaque, .payload = std::string(package)}).code;
  }
  Code run(std::string_view path, std::string_view arguments = "") {
    return ask(Code::kPost, std::string(path), {.payload = std::string(arguments)}).code;
  }
  std::string read(std::string_view path) {
    return ask(Code::kGet, std::string(path), {.accept = kText}).payload;
  }
  /// Update State, Update Result and Activation State of instance 0.
  std::string shown() { return read("/9/0/7") + " " + read("/9/0/9") + " " + read("/9/0/12"); }
  void install() {
    ASSERT_EQ(push(), Code::kChanged);
    ASSERT_EQ(run("/9/0/4"), Code::kChanged);
    software.installed(0, true);
    installer.take();
  }

  Store store, other_store;
  Downloads downloads;
  Installer installer;
  std::array<SoftwarePackage, 2> packages{SoftwarePackage{store, &downloads}, SoftwarePackage{other_store}};
  SoftwareManagementObject software{packages, installer};
  std::optional<PackageStreams> streams;
};

TEST_F(SoftwareManagement, a_package_is_delivered_installed_switched_and_removed) {
  EXPECT_EQ(shown(), "0 0 0");
  EXPECT_EQ(push(), Code::kChanged);
  EXPECT_EQ(store.bytes, "package");
  EXPECT_EQ(shown(), "3 3 0");
  EXPECT_EQ(read("/9/0/0"), "editor");
  EXPECT_EQ(read("/9/0/1"), "3.1");

  EXPECT_EQ(run("/9/0/4"), Code::kChanged);
  EXPECT_EQ(installer.take(), std::vector<std::string>{"install 0"});
  EXPECT_EQ(shown(), "3 3 0");
  software.installed(0, true);
  EXPECT_EQ(shown(), "4 2 0");

  EXPECT_EQ(run("/9/0/10"), Code::kChanged);
  EXPECT_EQ(shown(), "4 2 1");
  EXPECT_EQ(run("/9/0/11"), Code::kChanged);
  EXPECT_EQ(shown(), "4 2 0");
  EXPECT_EQ(installer.take(), (std::vector<std::string>{"start 0", "stop 0"}));

  EXPECT_EQ(run("/9/0/6"), Code::kChanged);
  EXPECT_EQ(installer.take(), std::vector<std::string>{"uninstall 0"});
  EXPECT_EQ(shown(), "0 0 0");
  EXPECT_EQ(read("/9/0/0"), "");
}

TEST_F(SoftwareManagement, what_a_state_does_not_allow_is_4_05_and_changes_nothing) {
  for (const char* path : {"/9/0/4", "/9/0/10", "/9/0/11"})
    EXPECT_EQ(run(path), Code::kMethodNotAllowed) << path;
  push();
  EXPECT_EQ(push(), Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPut, "/9/0/3", {.format = kText, .payload = "http://repo.example/a"}).code,
            Code::kMethodNotAllowed);
  for (const char* path : {"/9/0/10", "/9/0/11"}) EXPECT_EQ(run(path), Code::kMethodNotAllowed) << path;
  EXPECT_EQ(shown(), "3 3 0");
  EXPECT_EQ(run("/9/0/4"), Code::kChanged);
  // While it is being installed.
  EXPECT_EQ(run("/9/0/4"), Code::kMethodNotAllowed);
  EXPECT_EQ(run("/9/0/6"), Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kDelete, "/9/0").code, Code::kMethodNotAllowed);
  software.installed(0, true);
  EXPECT_EQ(push(), Code::kMethodNotAllowed);
  EXPECT_EQ(run("/9/0/4"), Code::kMethodNotAllowed);
  EXPECT_EQ(installer.take(), std::vector<std::string>{"install 0"});
}

TEST_F(SoftwareManagement, each_end_of_a_transfer_has_its_result) {
  const std::vector<std::pair<PackageResult, std::string>> ends{{PackageResult::kNoStorage, "0 50 0"},
                                                                {PackageResult::kNoMemory, "0 51 0"},
                                                                {PackageResult::kIntegrity, "0 53 0"},
                                                                {PackageResult::kUnsupportedType, "0 54 0"},
                                                                {PackageResult::kUpdateFailed, "0 57 0"}};
  for (const auto& [result, expected] : ends) {
    store.on_finish = result;
    EXPECT_EQ(push(), Code::kChanged);
    EXPECT_EQ(shown(), expected);
  }
  store.on_finish = {};
  store.on_begin = PackageResult::kNoStorage;
  EXPECT_EQ(push(), Code::kRequestEntityTooLarge);
  EXPECT_EQ(shown(), "0 50 0");
}

TEST_F(SoftwareManagement, an_installation_that_fails_leaves_the_package_delivered) {
  push();
  run("/9/0/4");
  software.installed(0, false);
  EXPECT_EQ(shown(), "3 58 0");
  installer.works = false;
  run("/9/0/4");
  EXPECT_EQ(shown(), "3 58 0");
  installer.works = true;
  run("/9/0/4");
  software.installed(0, true);
  EXPECT_EQ(shown(), "4 2 0");
  software.installed(0, false);  // none is under way
  EXPECT_EQ(shown(), "4 2 0");
}

TEST_F(SoftwareManagement, what_cannot_be_uninstalled_or_switched_stays) {
  install();
  installer.works = false;
  EXPECT_EQ(run("/9/0/6"), Code::kInternalServerError);
  EXPECT_EQ(shown(), "4 59 0");
  EXPECT_EQ(run("/9/0/10"), Code::kInternalServerError);
  EXPECT_EQ(shown(), "4 59 0");
  EXPECT_EQ(read("/9/0/0"), "editor");
}

TEST_F(SoftwareManagement, for_an_update_the_software_goes_on_until_it_is_replaced) {
  install();
  run("/9/0/10");
  installer.take();
  EXPECT_EQ(run("/9/0/6", "1"), Code::kChanged);
  EXPECT_EQ(installer.take(), std::vector<std::string>{"replace 0"});
  EXPECT_EQ(shown(), "0 0 1");
  install();
  EXPECT_EQ(shown(), "4 2 0");
  EXPECT_EQ(run("/9/0/6", "0"), Code::kChanged);
  EXPECT_EQ(run("/9/0/6", "2"), Code::kBadRequest);
  EXPECT_EQ(run("/9/0/6", "1='x'"), Code::kBadRequest);
}

TEST_F(SoftwareManagement, a_URI_is_pulled) {
  EXPECT_EQ(ask(Code::kPut, "/9/0/3", {.format = kText, .payload = "http://repo.example/a"}).code,
            Code::kChanged);
  EXPECT_EQ(shown(), "1 1 0");
  EXPECT_EQ(downloads.opened, "http://repo.example/a");
  packages[0].transfer().received(as_bytes(std::string_view("pulled")), true);
  engine.step(now);
  EXPECT_EQ(store.bytes, "pulled");
  EXPECT_EQ(shown(), "3 3 0");
  run("/9/0/6");
  EXPECT_EQ(store.bytes, "");
  EXPECT_EQ(ask(Code::kPut, "/9/0/3", {.format = kText, .payload = "gopher://repo.example"}).code,
            Code::kChanged);
  EXPECT_EQ(shown(), "0 56 0");
  EXPECT_EQ(ask(Code::kPut, "/9/0/3", {.format = kText, .payload = ""}).code, Code::kBadRequest);
}

TEST_F(SoftwareManagement, a_large_package_comes_block_by_block) {
  std::string image(5000, '\0');
  std::iota(image.begin(), image.end(), '\0');
  Code code{};
  for (std::uint32_t i = 0; i < 5; ++i) {
    const coap::Block block{i, i < 4, 6};
    code = ask(Code::kPut, "/9/0/2",
               {.format = kOpaque,
                .block1 = block.value(),
                .payload = image.substr(std::size_t{i} * 1024, 1024)})
               .code;
    EXPECT_EQ(shown(), i < 4 ? "1 1 0" : "3 3 0");
  }
  EXPECT_EQ(code, Code::kChanged);
  EXPECT_EQ(store.bytes, image);
}

TEST_F(SoftwareManagement, servers_create_and_delete_instances_where_there_is_room) {
  const std::string nothing;
  EXPECT_EQ(push("/9/1/2"), Code::kNotFound);
  EXPECT_EQ(ask(Code::kPost, "/9", {.format = kTlv, .payload = std::string("\x08\x01\x00", 3)}).code,
            Code::kCreated);
  EXPECT_EQ(take().code, Code::kPost);  // an Update lists it
  EXPECT_EQ(push("/9/1/2"), Code::kChanged);
  EXPECT_EQ(other_store.bytes, "package");
  EXPECT_EQ(store.bytes, nothing);
  // Instance 1 has no downloader.
  EXPECT_EQ(ask(Code::kPut, "/9/1/3", {.format = kText, .payload = "http://repo.example/a"}).code,
            Code::kNotFound);
  EXPECT_EQ(ask(Code::kDelete, "/9/1").code, Code::kDeleted);
  wire.out.clear();
  EXPECT_EQ(other_store.bytes, nothing);
  EXPECT_EQ(push("/9/1/2"), Code::kNotFound);
  install();
  EXPECT_EQ(ask(Code::kDelete, "/9/0").code, Code::kMethodNotAllowed);
}

TEST_F(SoftwareManagement, a_record_brings_everything_back) {
  install();
  run("/9/0/10");
  const SoftwareRecord record = software.record(0);
  std::array<SoftwarePackage, 1> fresh{SoftwarePackage{store, &downloads}};
  SoftwareManagementObject after(fresh, installer);
  after.restore(0, record);
  EXPECT_TRUE(after.exists(0));
  EXPECT_EQ(fresh[0].state(), SoftwareState::kInstalled);
  EXPECT_EQ(fresh[0].result(), SoftwareResult::kInstalled);
  EXPECT_TRUE(fresh[0].active());
  EXPECT_EQ(fresh[0].info().name.view(), "editor");
  EXPECT_GT(installer.changes, 0);
}

TEST_F(SoftwareManagement, a_pull_goes_on_after_a_reboot_and_a_push_has_lost_its_connection) {
  ask(Code::kPut, "/9/0/3", {.format = kText, .payload = "http://repo.example/a"});
  packages[0].transfer().received(as_bytes(std::string_view("half")), false);
  const SoftwareRecord record = software.record(0);
  EXPECT_EQ(record.offset, 4U);
  std::array<SoftwarePackage, 1> fresh{SoftwarePackage{store, &downloads}};
  SoftwareManagementObject after(fresh, installer);
  after.restore(0, record);
  after.step(now);
  after.step(now + Seconds(60));
  EXPECT_EQ(downloads.offset, 4U);

  SoftwareRecord pushed;
  pushed.state = SoftwareState::kDownloadStarted;
  std::array<SoftwarePackage, 1> again{SoftwarePackage{store}};
  SoftwareManagementObject later(again, installer);
  later.restore(0, pushed);
  EXPECT_EQ(again[0].state(), SoftwareState::kInitial);
  EXPECT_EQ(again[0].result(), SoftwareResult::kConnectionLost);
}

class Runner final : public SoftwareSwitch {
 public:
  Result<void> activate(SoftwareComponentInstance& component, bool active) noexcept override {
    done.push_back(std::string(component.identifier.view()) + (active ? " on" : " off"));
    return answer;
  }
  std::vector<std::string> done;
  Result<void> answer;
};

class SoftwareComponent : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &components, &probes};
    SoftwareComponentInstance& editor = *components.add(0);
    editor.identifier.assign("editor");
    editor.runner = &runner;
    registered();
  }
  Code run(std::string path) { return ask(Code::kPost, std::move(path)).code; }
  std::string active() { return ask(Code::kGet, "/14/0/5", {.accept = kText}).payload; }

  Runner runner;
  SoftwareComponentObject<2> components;
};

TEST_F(SoftwareComponent, is_switched_where_it_is_installed) {
  EXPECT_EQ(run("/14/0/3"), Code::kMethodNotAllowed);
  components.get(0)->installed = true;
  EXPECT_EQ(run("/14/0/3"), Code::kChanged);
  EXPECT_EQ(active(), "1");
  EXPECT_EQ(run("/14/0/3"), Code::kChanged);
  EXPECT_EQ(run("/14/0/4"), Code::kChanged);
  EXPECT_EQ(active(), "0");
  EXPECT_EQ(runner.done, (std::vector<std::string>{"editor on", "editor off"}));
  runner.answer = fail(Errc::kIo);
  EXPECT_EQ(run("/14/0/3"), Code::kInternalServerError);
  EXPECT_EQ(active(), "0");
}

}  // namespace
}  // namespace linnet::client::test
