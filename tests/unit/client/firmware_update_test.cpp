// SPDX-License-Identifier: Apache-2.0
// Object 5: every state, every result, push and pull, breaks and reboots.
// Shows: OB-2, OB-5
#include "linnet/client/objects/firmware_update.hpp"

#include <numeric>

#include "linnet/client/objects/access_control.hpp"
#include "linnet/coap/block.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kOpaque = 42, kTlv = 11542;
constexpr std::size_t kBlock = 1024;
constexpr coap::LinkId kRepository{1};

/// A flash bank.
class Bank final : public PackageSink, public FirmwareInstaller {
 public:
  PackageResult begin(std::optional<std::uint32_t> size) noexcept override {
    bytes.clear();
    announced = size;
    ++begun;
    return on_begin;
  }
  bool resume(std::uint32_t offset) noexcept override { return bytes.size() >= offset; }
  PackageResult write(std::uint32_t offset, ByteView more) noexcept override {
    EXPECT_LE(offset, bytes.size());
    bytes.resize(offset);
    bytes.append(as_text(more));
    return on_write;
  }
  PackageResult finish(PackageInfo& info) noexcept override {
    info.name.assign("linnet-fw");
    info.version.assign("2.0");
    return on_finish;
  }
  void discard() noexcept override {
    ++discarded;
    bytes.clear();
  }
  bool install() noexcept override {
    ++installed;
    return installs;
  }
  void on_change() noexcept override { ++changes; }

  std::string bytes;
  std::optional<std::uint32_t> announced;
  PackageResult on_begin{}, on_write{}, on_finish{};
  bool installs = true;
  int begun = 0, discarded = 0, installed = 0, changes = 0;
};

class Downloads final : public Downloader {
 public:
  PackageResult open(PackageTransfer& transfer, std::string_view text, std::uint32_t at) noexcept override {
    if (!text.starts_with("coap:") && !text.starts_with("http:")) return PackageResult::kUnsupportedProtocol;
    uri = text;
    offset = at;
    opened = &transfer;
    ++opens;
    return PackageResult::kInitial;
  }
  void close(PackageTransfer&) noexcept override {
    ++closes;
    opened = nullptr;
  }
  std::string uri;
  std::uint32_t offset = 0;
  PackageTransfer* opened = nullptr;
  int opens = 0, closes = 0;
};

constexpr FirmwareUpdateObject::Protocol kProtocols[]{FirmwareUpdateObject::kCoap,
                                                      FirmwareUpdateObject::kHttp};

class Firmware : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &firmware, &probes};
    config.coap.max_peers = 2;
    registered();
    streams.emplace(engine);
    ASSERT_TRUE(firmware.connect(*streams));
    image.resize(5000);
    std::iota(image.begin(), image.end(), '\0');
  }

  Seen put(std::string_view path, std::string_view value, std::uint32_t format = kText) {
    return ask(Code::kPut, path, {.format = format, .payload = std::string(value)});
  }
  /// One block of a push.
  Seen push(std::size_t number) {
    const std::size_t count = (image.size() + kBlock - 1) / kBlock;
    const coap::Block block{static_cast<std::uint32_t>(number), number + 1 < count, 6};
    return ask(
        Code::kPut, "/5/0/0",
        {.format = kOpaque, .block1 = block.value(), .payload = image.substr(number * kBlock, kBlock)});
  }
  Code push_all() {
    Code code{};
    for (std::size_t i = 0; i * kBlock < image.size(); ++i) {
      code = push(i).code;
      if (code != Code::kContinue) break;
    }
    return code;
  }
  int integer(std::string_view path) { return std::stoi(ask(Code::kGet, path, {.accept = kText}).payload); }
  int state() { return integer("/5/0/3"); }
  int result() { return integer("/5/0/5"); }
  Code update() { return ask(Code::kPost, "/5/0/2").code; }

  /// What the device asks the repository, if anything.
  std::optional<Seen> asked() {
    if (wire.out.empty()) return std::nullopt;
    return take();
  }
  /// Answers a request for a block of the image. `changed`: of another representation.
  void serve(const Seen& request, bool changed = false) {
    const auto message = coap::Message::decode(request.bytes);
    const auto wanted = coap::Block::from_value(*message->options().find_uint(OptionNumber::kBlock2));
    const std::size_t size = wanted.size();
    std::array<std::uint8_t, 1500> buffer{};
    coap::MessageWriter writer(buffer, Type::kAcknowledgement, Code::kContent, coap::MessageId{request.id},
                               request.token);
    writer.option(OptionNumber::kEtag, changed ? 8U : 7U);
    const bool more = wanted.offset() + size < image.size();
    writer.option(OptionNumber::kBlock2, coap::Block{wanted.number, more, wanted.szx}.value());
    writer.option(OptionNumber::kSize2, static_cast<std::uint32_t>(image.size()));
    writer.payload(as_bytes(std::string_view(image).substr(wanted.offset(), size)));
    engine.receive(kRepository, ByteView(buffer).first(writer.finish().value()), now);
    engine.step(now);
  }
  void refuse(const Seen& request, Code code) {
    std::array<std::uint8_t, 64> buffer{};
    coap::MessageWriter writer(buffer, Type::kAcknowledgement, code, coap::MessageId{request.id},
                               request.token);
    engine.receive(kRepository, ByteView(buffer).first(writer.finish().value()), now);
    engine.step(now);
  }
  Seen pull(std::string_view uri = "coap://repo.example/fw/2.0?x=1") {
    EXPECT_EQ(put("/5/0/1", uri).code, Code::kChanged);
    EXPECT_NE(downloads.opened, nullptr);
    firmware.transfer().linked(kRepository);
    engine.step(now);
    return take();
  }

  Bank bank;
  Downloads downloads;
  FirmwareUpdateObject firmware{bank, bank, &downloads, kProtocols};
  std::optional<PackageStreams> streams;
  std::string image;
};

TEST_F(Firmware, a_pushed_package_that_is_larger_than_max_body_is_installed) {
  ASSERT_GT(image.size(), config.coap.max_body);
  EXPECT_EQ(state(), 0);
  EXPECT_EQ(push(0).code, Code::kContinue);
  EXPECT_EQ(state(), 1);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(push(i).code, Code::kContinue);
  EXPECT_EQ(push(4).code, Code::kChanged);
  EXPECT_EQ(bank.bytes, image);
  EXPECT_EQ(state(), 2);
  EXPECT_EQ(result(), 0);
  EXPECT_EQ(ask(Code::kGet, "/5/0/6", {.accept = kText}).payload, "linnet-fw");
  EXPECT_EQ(ask(Code::kGet, "/5/0/7", {.accept = kText}).payload, "2.0");
  EXPECT_EQ(update(), Code::kChanged);
  EXPECT_EQ(bank.installed, 1);
  EXPECT_EQ(state(), 3);
  firmware.updated(true);
  EXPECT_EQ(state(), 0);
  EXPECT_EQ(result(), 1);
  EXPECT_GE(log.count(EventType::kWritten), 1U);
}

TEST_F(Firmware, the_answer_to_Update_leaves_before_the_installation_begins) {
  push_all();
  std::array<std::uint8_t, 64> buffer{};
  coap::MessageWriter writer(buffer, Type::kConfirmable, Code::kPost, coap::MessageId{9}, coap::Token());
  for (const std::string_view segment : {"5", "0", "2"}) writer.option(OptionNumber::kUriPath, segment);
  engine.receive(kLink, ByteView(buffer).first(writer.finish().value()), now);
  EXPECT_EQ(take().code, Code::kChanged);
  EXPECT_EQ(bank.installed, 0);
  engine.step(now);
  EXPECT_EQ(bank.installed, 1);
}

TEST_F(Firmware, a_small_package_may_come_in_any_format) {
  EXPECT_EQ(put("/5/0/0", "tiny", kOpaque).code, Code::kChanged);
  EXPECT_EQ(bank.bytes, "tiny");
  EXPECT_EQ(bank.announced, 4U);
  EXPECT_EQ(state(), 2);
  put("/5/0/0", "", kOpaque);
  EXPECT_EQ(put("/5/0/0", "\xC4\x00tlv!", kTlv).code, Code::kBadRequest);
  EXPECT_EQ(put("/5/0/0", std::string_view("\xC4\x00tlv!", 6), kTlv).code, Code::kChanged);
  EXPECT_EQ(bank.bytes, "tlv!");
}

TEST_F(Firmware, State_and_Result_are_notified) {
  ask(Code::kGet, "/5/0/3", {.accept = kText, .observe = 0, .token = 0x21});
  ask(Code::kGet, "/5/0/5", {.accept = kText, .observe = 0, .token = 0x22});
  bank.on_finish = PackageResult::kIntegrity;
  std::vector<std::string> states;
  std::string last_result;
  for (std::size_t i = 0; i < 5; ++i) {
    push(i);
    while (!wire.out.empty()) {
      const Seen notification = take();
      if (notification.token.bytes()[0] == 0x21) states.push_back(notification.payload);
      if (notification.token.bytes()[0] == 0x22) last_result = notification.payload;
    }
  }
  EXPECT_EQ(states, (std::vector<std::string>{"1", "0"}));
  EXPECT_EQ(last_result, "5");
}

TEST_F(Firmware, Update_is_executable_only_in_Downloaded) {
  EXPECT_EQ(update(), Code::kMethodNotAllowed);
  push(0);
  EXPECT_EQ(update(), Code::kMethodNotAllowed);
  EXPECT_EQ(state(), 1);
  for (std::size_t i = 1; i < 5; ++i) push(i);
  EXPECT_EQ(update(), Code::kChanged);
  EXPECT_EQ(update(), Code::kMethodNotAllowed);
  EXPECT_EQ(bank.installed, 1);
}

TEST_F(Firmware, another_package_needs_a_reset_first) {
  push_all();
  EXPECT_EQ(push(0).code, Code::kMethodNotAllowed);
  EXPECT_EQ(put("/5/0/0", "tiny", kOpaque).code, Code::kMethodNotAllowed);
  EXPECT_EQ(put("/5/0/1", "coap://repo.example/fw").code, Code::kMethodNotAllowed);
  EXPECT_EQ(state(), 2);
  EXPECT_EQ(bank.bytes, image);
}

TEST_F(Firmware, a_package_that_is_whole_but_not_wanted_is_discarded) {
  push_all();
  const int discarded = bank.discarded;
  EXPECT_EQ(put("/5/0/0", "", kOpaque).code, Code::kChanged);
  EXPECT_EQ(bank.discarded, discarded + 1);
}

TEST_F(Firmware, an_empty_Package_or_URI_resets_in_every_state_but_Updating) {
  struct Reset {
    const char* path;
    std::string_view value;
    std::uint32_t format;
  };
  for (const Reset& reset :
       {Reset{"/5/0/0", "", kOpaque}, Reset{"/5/0/0", std::string_view("\0", 1), kOpaque},
        Reset{"/5/0/1", "", kText}}) {
    bank.on_finish = PackageResult::kIntegrity;
    push_all();
    EXPECT_EQ(result(), 5);
    EXPECT_EQ(put(reset.path, reset.value, reset.format).code, Code::kChanged);
    EXPECT_EQ(result(), 0);

    bank.on_finish = PackageResult::kInitial;
    push(0);
    const int discarded = bank.discarded;
    EXPECT_EQ(put(reset.path, reset.value, reset.format).code, Code::kChanged);
    EXPECT_EQ(state(), 0);
    EXPECT_EQ(bank.discarded, discarded + 1);
    EXPECT_EQ(push(1).code, Code::kRequestEntityIncomplete);  // the push is over

    push_all();
    EXPECT_EQ(state(), 2);
    EXPECT_EQ(put(reset.path, reset.value, reset.format).code, Code::kChanged);
    EXPECT_EQ(state(), 0);
    EXPECT_EQ(ask(Code::kGet, "/5/0/7", {.accept = kText}).code, Code::kNotFound);

    push_all();
    update();
    EXPECT_EQ(put(reset.path, reset.value, reset.format).code, Code::kMethodNotAllowed);
    EXPECT_EQ(state(), 3);
    firmware.updated(true);
  }
}

TEST_F(Firmware, each_result_of_a_push) {
  struct Case {
    PackageResult begin, write, finish;
    Code answer;
    int result;
  };
  using R = PackageResult;
  constexpr auto kOk = R::kInitial;
  for (const Case& c :
       {Case{R::kNoStorage, kOk, kOk, Code::kRequestEntityTooLarge, 2},
        Case{kOk, R::kNoStorage, kOk, Code::kRequestEntityTooLarge, 2},
        Case{R::kNoMemory, kOk, kOk, Code::kInternalServerError, 3},
        Case{kOk, kOk, R::kIntegrity, Code::kChanged, 5},
        Case{kOk, R::kUnsupportedType, kOk, Code::kUnsupportedContentFormat, 6},
        Case{kOk, kOk, R::kUnsupportedType, Code::kChanged, 6}, Case{kOk, kOk, kOk, Code::kChanged, 0}}) {
    bank.on_begin = c.begin;
    bank.on_write = c.write;
    bank.on_finish = c.finish;
    EXPECT_EQ(push_all(), c.answer);
    EXPECT_EQ(result(), c.result);
    EXPECT_EQ(state(), c.result == 0 ? 2 : 0);
  }
  bank.installs = false;
  EXPECT_EQ(update(), Code::kChanged);
  EXPECT_EQ(result(), 8);
  EXPECT_EQ(state(), 2);  // it may be tried again
  bank.installs = true;
  EXPECT_EQ(update(), Code::kChanged);
  EXPECT_EQ(result(), 0);
  firmware.updated(false);
  EXPECT_EQ(result(), 8);
  EXPECT_EQ(state(), 2);
}

TEST_F(Firmware, a_push_that_stops_lost_its_connection) {
  push(0);
  push(1);
  pass(94s);
  wire.out.clear();
  EXPECT_EQ(result(), 4);
  EXPECT_EQ(state(), 0);
  EXPECT_EQ(push_all(), Code::kChanged);
  EXPECT_EQ(state(), 2);
}

TEST_F(Firmware, a_push_that_begins_again_begins_a_new_package) {
  push(0);
  push(1);
  EXPECT_EQ(push_all(), Code::kChanged);
  EXPECT_EQ(bank.bytes, image);
  EXPECT_EQ(state(), 2);
}

TEST_F(Firmware, strangers_do_not_push) {
  engine.disconnect(kServer);
  EXPECT_EQ(push(0).code, Code::kUnauthorized);
  EXPECT_EQ(firmware.state(), FirmwareState::kIdle);
}

TEST_F(Firmware, a_package_is_pulled_by_coap) {
  Seen request = pull();
  EXPECT_EQ(downloads.uri, "coap://repo.example/fw/2.0?x=1");
  EXPECT_EQ(request.path, "/fw/2.0");
  EXPECT_EQ(request.query, "x=1");
  EXPECT_EQ(firmware.state(), FirmwareState::kDownloading);
  for (int i = 0; i < 4; ++i) {
    serve(request);
    request = take();
  }
  serve(request);
  EXPECT_EQ(bank.bytes, image);
  EXPECT_EQ(state(), 2);
  EXPECT_EQ(downloads.closes, 1);
  EXPECT_EQ(ask(Code::kGet, "/5/0/1", {.accept = kText}).payload, "coap://repo.example/fw/2.0?x=1");
}

TEST_F(Firmware, a_pull_goes_on_where_it_was_broken_off) {
  Seen request = pull();
  serve(request);
  serve(take());
  wire.out.clear();
  while (downloads.opens == 1) pass(1s);  // the repository is silent, the device tries again
  wire.out.clear();
  EXPECT_EQ(firmware.state(), FirmwareState::kDownloading);
  EXPECT_EQ(downloads.offset, 2048U);
  firmware.transfer().linked(kRepository);
  engine.step(now);
  request = take();
  for (int i = 2; i < 4; ++i) {
    serve(request);
    request = take();
  }
  serve(request);
  EXPECT_EQ(bank.bytes, image);
  EXPECT_EQ(bank.begun, 1);
  EXPECT_EQ(state(), 2);
}

TEST_F(Firmware, a_pull_of_something_else_begins_again) {
  serve(pull());
  serve(take(), true);
  while (downloads.opens == 1) pass(1s);
  EXPECT_EQ(downloads.offset, 0U);
  EXPECT_EQ(bank.begun, 2);
}

TEST_F(Firmware, a_pull_gives_up_in_the_end) {
  pull();
  for (int i = 0; i < 100 && firmware.state() == FirmwareState::kDownloading; ++i) {
    pass(10s);
    if (downloads.opened != nullptr) firmware.transfer().linked(kRepository);
    wire.out.clear();
  }
  EXPECT_EQ(downloads.opens, 1 + PackageTransfer::kMaxRetries);
  EXPECT_EQ(result(), 4);
  EXPECT_EQ(state(), 0);
}

TEST_F(Firmware, each_result_of_a_pull) {
  const auto written = [this](std::string_view uri) {
    EXPECT_EQ(put("/5/0/1", uri).code, Code::kChanged);
    return result();
  };
  EXPECT_EQ(written("ftp://repo.example/fw"), 9);
  EXPECT_EQ(written("coap://:1"), 7);
  EXPECT_EQ(written("not a uri"), 9);
  refuse(pull(), Code::kNotFound);
  EXPECT_EQ(result(), 7);
  bank.on_begin = PackageResult::kNoStorage;
  EXPECT_EQ(written("coap://repo.example/fw"), 2);
  bank.on_begin = PackageResult::kNoMemory;
  EXPECT_EQ(written("coap://repo.example/fw"), 3);
  bank.on_begin = PackageResult::kInitial;
  image.resize(100);
  bank.on_finish = PackageResult::kIntegrity;
  serve(pull());
  EXPECT_EQ(result(), 5);
  bank.on_finish = PackageResult::kUnsupportedType;
  serve(pull());
  EXPECT_EQ(result(), 6);
  EXPECT_EQ(state(), 0);
}

TEST_F(Firmware, a_repository_that_is_busy_is_asked_again) {
  refuse(pull(), Code::kServiceUnavailable);
  EXPECT_EQ(firmware.state(), FirmwareState::kDownloading);
  while (downloads.opens == 1) pass(1s);
  EXPECT_EQ(downloads.opens, 2);
}

TEST_F(Firmware, other_schemes_are_the_applications) {
  EXPECT_EQ(put("/5/0/1", "http://repo.example/fw").code, Code::kChanged);
  PackageTransfer& transfer = firmware.transfer();
  transfer.received(as_bytes(std::string_view(image).substr(0, 999)), false);
  transfer.failed(PackageResult::kConnectionLost);
  EXPECT_EQ(downloads.closes, 1);
  transfer.received(as_bytes(std::string_view("late")), false);  // of what was closed
  engine.step(now);
  pass(10s);
  EXPECT_EQ(downloads.opens, 2);
  EXPECT_EQ(downloads.offset, 999U);
  transfer.received(as_bytes(std::string_view(image).substr(999)), true);
  EXPECT_EQ(bank.bytes, image);
  EXPECT_EQ(state(), 2);
}

TEST_F(Firmware, a_reset_ends_a_pull) {
  const Seen request = pull();
  EXPECT_EQ(put("/5/0/1", "").code, Code::kChanged);
  EXPECT_EQ(downloads.closes, 1);
  serve(request);
  EXPECT_TRUE(bank.bytes.empty());
  EXPECT_EQ(state(), 0);
  EXPECT_TRUE(wire.out.empty());
}

TEST_F(Firmware, tells_how_packages_can_come) {
  EXPECT_EQ(integer("/5/0/9"), 2);
  EXPECT_EQ(integer("/5/0/8/0"), 0);
  EXPECT_EQ(integer("/5/0/8/1"), 2);
  EXPECT_EQ(ask(Code::kGet, "/5/0/0").code, Code::kMethodNotAllowed);
  FirmwareUpdateObject push_only(bank, bank);
  EXPECT_EQ(push_only.read(Path(5, 0, 9))->as_integer(), 1);
  EXPECT_FALSE(push_only.has(0, *push_only.definition().find(8)));
}

class Guarded : public Firmware {
 protected:
  void SetUp() override {
    objects = {&servers, &access, &device, &firmware, &probes};
    servers.add(1)->short_server_id = kServer + 1;
    registered();
    streams.emplace(engine);
    ASSERT_TRUE(firmware.connect(*streams));
    image.resize(5000);
  }
  AccessControlObject<8, 4> access;
};

TEST_F(Guarded, only_who_may_write_pushes) {
  EXPECT_EQ(push(0).code, Code::kUnauthorized);
  EXPECT_EQ(firmware.state(), FirmwareState::kIdle);
}

class Reboot : public Firmware {
 protected:
  /// A new object that begins with what the old one left.
  FirmwareUpdateObject& reboot() {
    after.emplace(bank, bank, &downloads, kProtocols);
    EXPECT_TRUE(after->connect(*streams));
    after->restore(firmware.record());
    return *after;
  }
  std::optional<FirmwareUpdateObject> after;
};

TEST_F(Reboot, the_result_of_an_update_survives) {
  push_all();
  update();
  FirmwareUpdateObject& object = reboot();
  EXPECT_EQ(object.state(), FirmwareState::kUpdating);
  EXPECT_EQ(object.info().version.view(), "2.0");
  object.updated(true);
  EXPECT_EQ(object.state(), FirmwareState::kIdle);
  EXPECT_EQ(object.result(), PackageResult::kSuccess);
}

TEST_F(Reboot, a_downloaded_package_stays) {
  push_all();
  EXPECT_EQ(reboot().state(), FirmwareState::kDownloaded);
}

TEST_F(Reboot, a_push_is_over) {
  push(0);
  FirmwareUpdateObject& object = reboot();
  EXPECT_EQ(object.state(), FirmwareState::kIdle);
  EXPECT_EQ(object.result(), PackageResult::kConnectionLost);
}

TEST_F(Reboot, a_pull_goes_on_while_its_bytes_are_there) {
  serve(pull());
  FirmwareUpdateObject& object = reboot();
  EXPECT_EQ(object.state(), FirmwareState::kDownloading);
  object.step(now);
  EXPECT_EQ(downloads.offset, 1024U);
  EXPECT_EQ(bank.begun, 1);

  bank.bytes.clear();
  reboot().step(now);
  EXPECT_EQ(downloads.offset, 0U);
  EXPECT_EQ(bank.begun, 2);
}

}  // namespace
}  // namespace linnet::client::test
