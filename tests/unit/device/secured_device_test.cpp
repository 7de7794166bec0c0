// SPDX-License-Identifier: Apache-2.0
// The simulated device with secured servers, without sockets: what object 0 says is obeyed, and sessions
// outlive the process (TS 5.2.1, 5.2.9).
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "device.hpp"
#include "linnet/coap/message.hpp"
#include "linnet/registry/model_registry.hpp"
#include "tests/unit/tls/server_double.hpp"

namespace linnet::device {
namespace {

using client::RegistrationState;
using tls::OwnedBytes;
using tls::OwnedDatum;
using tls::test::ServerDouble;
using tls::test::ServerWish;

class Numbers final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ = state_ * 1'664'525 + 1'013'904'223; }

 private:
  std::uint32_t state_ = 1;
};

/// The device at one end, a server of GnuTLS that answers CoAP at the other.
class SecuredDevice : public ::testing::Test, public coap::Links, public LinkSource, public Observer {
 protected:
  SecuredDevice() {
    auto account = Account::parse("coaps://127.0.0.1:5684");
    account->id = 1;
    settings.endpoint = "secured";
    settings.accounts = {*account};
    CredentialArguments keys;
    keys.psk_identity = "device-1";
    keys.psk_key = "0102030405060708090a0b0c0d0e0f10";
    settings.credentials = *keys.read();
    wish.identity = keys.psk_identity;
    wish.key = settings.credentials.secret_key;
    EXPECT_EQ(gnutls_session_ticket_key_generate(ticket_key.out()), 0);
    wish.ticket_key = *ticket_key.out();
  }
  ~SecuredDevice() {
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  void keep_state() {
    std::string name = std::filesystem::temp_directory_path() / "linnet-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    settings.state = folder + "/state";
  }
  /// The device starts, as a process does; the server expects a handshake.
  void start() {
    device.reset();
    to_server.clear();
    server = std::make_unique<ServerDouble>(wish);
    auto made = Device::make(settings, registry, *this, random, clock, *this, *this);
    ASSERT_TRUE(made) << made.error().text;
    device = *std::move(made);
    run();
  }
  void run() {
    for (int i = 0; i < 100; ++i) {
      (void)device->step();
      for (const OwnedBytes& bytes : std::exchange(to_server, {})) server->receive(bytes);
      for (const std::string& message : std::exchange(server->received, {})) answer(as_bytes(message));
      for (const OwnedBytes& bytes : std::exchange(server->sent, {})) device->receive(coap::LinkId{0}, bytes);
    }
  }
  /// 2.01 with /rd/1 for a Register, 2.04 for an Update.
  void answer(ByteView message) {
    ASSERT_GE(message.size(), 4U);
    const std::size_t token = message[0] & 15U;
    const auto text = as_text(message);
    const bool update = text.find("ep=") == text.npos;
    requests.emplace_back(update ? "update" : "register");
    OwnedBytes reply{static_cast<std::uint8_t>(0x60 | token),
                     std::uint8_t{static_cast<std::uint8_t>(update ? 0x44 : 0x41)}, message[2], message[3]};
    reply.insert(reply.end(), message.begin() + 4, message.begin() + 4 + static_cast<std::ptrdiff_t>(token));
    if (!update) reply.insert(reply.end(), {0x82, 'r', 'd', 0x01, '1'});
    server->send(as_text(reply));
  }

  // coap::Links, LinkSource
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t) noexcept override { return buffer_; }
  void send(coap::LinkId, std::size_t size) noexcept override {
    to_server.emplace_back(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  OrRefusal<coap::LinkId> link_to(const net::Address&) override { return coap::LinkId{0}; }

  // Observer
  void on_event(const client::Event& event) noexcept override { events.push_back(event.type); }
  void on_unusable_account(const Account&, const std::string& why) noexcept override { unusable = why; }
  void on_alert(const Account&, const client::ChannelEnd& end) noexcept override { alert = end.alert; }
  void on_enrolled(const Account&, const std::string&) noexcept override {}
  void on_restart(Restart) noexcept override {}
  void on_card(const CardReport& report) noexcept override { cards.push_back(report.outcome); }

  registry::ModelRegistry registry = *registry::ModelRegistry::embedded();
  Settings settings;
  OwnedDatum ticket_key;
  ServerWish wish;
  Clock clock;
  Numbers random;
  std::unique_ptr<ServerDouble> server;
  std::unique_ptr<Device> device;
  std::vector<OwnedBytes> to_server;
  std::vector<std::string> requests;
  std::vector<client::EventType> events;
  std::vector<CardOutcome> cards;
  std::string unusable;
  std::optional<client::Alert> alert;
  std::string folder;

 private:
  coap::LinkTraits traits_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(65'535);
};

// Shows: SE-1
TEST_F(SecuredDevice, Registers_once_the_channel_is_open) {
  start();
  EXPECT_TRUE(server->open);
  EXPECT_EQ(server->psk_identity, "device-1");
  EXPECT_EQ(requests, std::vector<std::string>{"register"});
  EXPECT_EQ(device->engine().state(1), RegistrationState::kRegistered);
}

// Shows: SE-11
TEST_F(SecuredDevice, After_a_power_cut_it_resumes_its_session_and_updates_its_registration) {
  keep_state();
  start();
  clock.advance(Millis(2000));
  run();
  requests.clear();
  start();
  EXPECT_NE(gnutls_session_is_resumed(server->session()), 0);
  EXPECT_EQ(requests, std::vector<std::string>{"update"});
  EXPECT_EQ(device->engine().state(1), RegistrationState::kRegistered);
}

// Shows: SE-11
TEST_F(SecuredDevice, A_new_session_is_a_new_registration) {
  keep_state();
  start();
  clock.advance(Millis(2000));
  run();
  requests.clear();
  OwnedDatum other;
  ASSERT_EQ(gnutls_session_ticket_key_generate(other.out()), 0);
  wish.ticket_key = *other.out();
  start();
  EXPECT_EQ(gnutls_session_is_resumed(server->session()), 0);
  EXPECT_EQ(requests, std::vector<std::string>{"register"});
}

TEST(KeptSessions, Belong_to_the_keys_that_they_were_made_with) {
  KeptSessions sessions;
  client::SecurityParameters before;
  before.identity = as_bytes("device-1");
  client::SecurityParameters after = before;
  after.secret_key = as_bytes("another");
  sessions.keep(1, hash_of(before), as_bytes("session"));
  EXPECT_FALSE(sessions.find(1, hash_of(before)).empty());
  EXPECT_TRUE(sessions.find(1, hash_of(after)).empty());
  EXPECT_TRUE(sessions.find(2, hash_of(before)).empty());
}

// Shows: SE-7
TEST_F(SecuredDevice, An_alert_that_fails_ends_the_attempts_and_stands_in_object_1) {
  wish.identity = "nobody";
  device.reset();
  server = std::make_unique<ServerDouble>(wish);
  auto made = Device::make(settings, registry, *this, random, clock, *this, *this);
  ASSERT_TRUE(made) << made.error().text;
  device = *std::move(made);
  (void)device->step();
  ASSERT_FALSE(to_server.empty());
  to_server.clear();
  server->alert(GNUTLS_AL_FATAL, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
  run();
  EXPECT_EQ(alert, client::Alert::kUnknownPskIdentity);
  EXPECT_EQ(device->engine().state(1), RegistrationState::kFailed);
  const auto code = device->get(lwm2m::Path(1, 0, 11));
  ASSERT_TRUE(code) << code.error().text;
  EXPECT_EQ(code->front().value.view().as_unsigned(), 115U);
}

// Shows: SE-11
TEST(KeptSessions, Are_read_back_and_any_other_bytes_are_none) {
  KeptSessions kept;
  AccountHash account{};
  account[0] = 9;
  kept.keep(7, account, as_bytes("secret"));
  std::array<std::uint8_t, 256> space{};
  ByteWriter out(space);
  kept.save(out);
  ASSERT_TRUE(out.ok());
  KeptSessions again;
  again.load(out.written());
  EXPECT_EQ(as_text(again.find(7, account)), "secret");
  for (std::size_t size = 0; size < out.size(); ++size) {
    again.load(ByteView(space).first(size));
    EXPECT_TRUE(again.find(7, account).empty()) << size;
  }
}

}  // namespace
}  // namespace linnet::device
