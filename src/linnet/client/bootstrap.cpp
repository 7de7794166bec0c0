// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "linnet/client/accounts.hpp"
#include "linnet/client/engine.hpp"
#include "linnet/client/query_list.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::client {

using namespace std::string_view_literals;

namespace {

using enum BootstrapState;
using coap::Code;
using Input = BootstrapInput;
using Action = BootstrapAction;

struct Transition {
  BootstrapState from : 4;
  Input input : 4;
  BootstrapState to : 4;
  Action action : 4;
};

constexpr Transition kTransitions[]{
    {kIdle, Input::kWanted, kWaiting, Action::kHoldOff},
    {kWaiting, Input::kDue, kConnecting, Action::kOpen},
    {kWaiting, Input::kSettled, kIdle, Action::kClose},
    {kConnecting, Input::kConnected, kRequesting, Action::kRequest},
    {kConnecting, Input::kLost, kWaiting, Action::kFail},
    {kConnecting, Input::kDue, kWaiting, Action::kFail},
    {kRequesting, Input::kDue, kRequesting, Action::kRequest},
    {kRequesting, Input::kOperation, kRunning, Action::kServe},
    {kRequesting, Input::kWithoutFormat, kRequesting, Action::kRequest},
    {kRequesting, Input::kRefused, kWaiting, Action::kFail},
    {kRequesting, Input::kLost, kWaiting, Action::kFail},
    {kRunning, Input::kOperation, kRunning, Action::kServe},
    {kRunning, Input::kFinished, kLingering, Action::kComplete},
    {kRunning, Input::kInconsistent, kWaiting, Action::kFail},
    {kRunning, Input::kDue, kWaiting, Action::kFail},
    {kRunning, Input::kLost, kWaiting, Action::kFail},
    {kLingering, Input::kDue, kIdle, Action::kClose},
    {kLingering, Input::kLost, kIdle, Action::kClose},
    {kLingering, Input::kWanted, kWaiting, Action::kHoldOff},
};

constexpr ResourceId kHoldOffTime = 11, kAccountTimeout = 12;  // of object 0
constexpr Millis kBusyDelay{1000};  // until a full table of exchanges is tried again

}  // namespace

BootstrapAction Bootstrap::take(Input input) noexcept {
  for (const Transition& row : kTransitions) {
    if (row.from != state_ || row.input != input) continue;
    state_ = row.to;
    return row.action;
  }
  return Action::kNone;
}

Seconds Bootstrap::retry_delay(std::uint32_t failures) noexcept {
  constexpr auto kFirst = static_cast<std::uint32_t>(kFirstRetry.count());
  constexpr auto kLongest = static_cast<std::uint32_t>(kLongestRetry.count());
  constexpr std::uint32_t kDoublings = std::bit_width(kLongest / kFirst);  // these are too many
  return Seconds(failures > kDoublings ? kLongest : kFirst << (failures - 1));
}

Result<void> Engine::bootstrap() noexcept {
  if (!kBootstrap || find_bootstrap_account(tree_) == kMaxId) return fail(Errc::kNotFound);
  bootstrap_wanted_ = work_pending_ = true;
  return {};
}

Result<void> Engine::connect_bootstrap_server(coap::LinkId link) noexcept {
  const InstanceId account = find_bootstrap_account(tree_);
  if (account == kMaxId) return fail(Errc::kNotFound);
  if constexpr (kOscore) {
    const auto secured = secure(account, link);
    if (!secured) return secured;
  }
  if (bootstrap_.link != coap::kNoLink && bootstrap_.link != link) disconnect_bootstrap_server(Errc::kClosed);
  bootstrap_.link = link;
  work_pending_ = true;
  move_bootstrap(Input::kConnected);
  return {};
}

void Engine::disconnect_bootstrap_server(Errc why) noexcept {
  work_pending_ = true;
  if (bootstrap_.link != coap::kNoLink) endpoint_.abandon(bootstrap_.link, now_);
  bootstrap_.link = coap::kNoLink;
  move_bootstrap(Input::kLost, {why});
}

/// Goes on in the table of states and does what it says.
void Engine::move_bootstrap(Input input, Error why) noexcept {
  switch (bootstrap_.take(input)) {
    case Action::kNone: return;
    case Action::kHoldOff: return hold_off_bootstrap();
    case Action::kOpen: return open_bootstrap_link();
    case Action::kRequest: return request_bootstrap();
    case Action::kComplete: complete_bootstrap(); [[fallthrough]];
    case Action::kServe:
      bootstrap_.due = now_ + counter_.traits(bootstrap_.link).transmission.exchange_lifetime();
      return;
    case Action::kFail: return fail_bootstrap(why);
    case Action::kClose: return close_bootstrap_link();
  }
}

void Engine::step_bootstrap() noexcept {
  if (bootstrap_interface_.finished()) move_bootstrap(Input::kFinished);
  if (bootstrap_interface_.refused()) {
    move_bootstrap(Input::kInconsistent,
                   {Errc::kNotAllowed, static_cast<std::uint8_t>(Code::kNotAcceptable)});
  }
  // Without a server account that can be used there is nothing else that the device could do.
  const bool alone = bootstrap_.state() == BootstrapState::kIdle && accounts_pending_ &&
                     next_account(tree_).id == 0 && find_bootstrap_account(tree_) != kMaxId;
  accounts_pending_ = false;
  if (bootstrap_wanted_ || alone) move_bootstrap(Input::kWanted);
  bootstrap_wanted_ = false;
  while (now_ >= bootstrap_.due) {
    bootstrap_.due = kNever;
    move_bootstrap(Input::kDue);
  }
  if (now_ >= bootstrap_.purge_at && !bootstrap_.active()) {
    bootstrap_.purge_at = kNever;
    bootstrap_interface_.purge_account();
    instances_changed(kSecurityObject);
    instances_changed(kOscoreObject);
  }
  wake_at(bootstrap_.due);
  if (!bootstrap_.active()) wake_at(bootstrap_.purge_at);
}

/// A resource of the bootstrap account, 0 where it is not there.
std::uint32_t Engine::bootstrap_setting(ResourceId resource) const noexcept {
  const InstanceId account = find_bootstrap_account(tree_);
  return number_of(tree_.find(kSecurityObject), account, resource, 0);
}

void Engine::hold_off_bootstrap() noexcept {
  close_bootstrap_link();
  bootstrap_.failures = 0;
  bootstrap_.without_format = false;
  bootstrap_.due = now_ + Seconds(bootstrap_setting(kHoldOffTime));
}

void Engine::open_bootstrap_link() noexcept {
  const InstanceId account = find_bootstrap_account(tree_);
  bootstrap_interface_.begin();
  emit(EventType::kBootstrapping, kBootstrapServer);
  if (account == kMaxId) return move_bootstrap(Input::kLost, {Errc::kNotFound});
  if (bootstrap_.link != coap::kNoLink) return move_bootstrap(Input::kConnected);
  bootstrap_.due = now_ + coap::TransmissionParameters().exchange_lifetime();
  if (managed()) config_.connector->open(kBootstrapServer, account, lwm2m::Binding::kUdp);
}

/// POST /bs?ep=&pct=
void Engine::request_bootstrap() noexcept {
  using lwm2m::ContentFormat;
  const auto preferred = std::ranges::find_if(config_.codecs, [](const lwm2m::Codec& codec) {
    return codec.format == ContentFormat::kSenmlCbor || codec.format == ContentFormat::kSenmlJson ||
           codec.format == ContentFormat::kTlv;
  });
  QueryList queries(work_);
  ByteWriter& out = queries.out;
  out.text("ep="sv);
  out.text(config_.endpoint);
  queries.end();
  if (preferred != config_.codecs.end() && !bootstrap_.without_format) {
    out.text("pct="sv);
    lwm2m::write_digits(out, static_cast<std::uint16_t>(preferred->format));
    queries.end();
  }
  const std::array<std::string_view, 1> path{"bs"sv};
  coap::OutgoingRequest request;
  request.method = Code::kPost;
  request.path = path;
  request.query = queries.queries();
  const auto id = endpoint_.request(bootstrap_.link, request, now_);
  bootstrap_interface_.begin();  // where it keeps what it changes the query stood
  bootstrap_.due = kNever;
  if (id) {
    bootstrap_.request = *id;
  } else if (id.error().code == Errc::kBusy) {
    bootstrap_.due = now_ + kBusyDelay;
  } else {
    move_bootstrap(Input::kRefused, id.error());
  }
}

/// The outcome of the Bootstrap-Request.
void Engine::bootstrap_answered(Error outcome) noexcept {
  const Code response = response_of(outcome);
  bootstrap_.request.reset();
  work_pending_ = true;
  if (response == Code::kChanged) return move_bootstrap(Input::kOperation);
  const bool parameter = response == Code::kBadRequest || response == Code::kUnsupportedContentFormat;
  if (parameter && !bootstrap_.without_format) {
    bootstrap_.without_format = true;
    return move_bootstrap(Input::kWithoutFormat);
  }
  move_bootstrap(Input::kRefused, outcome);
}

void Engine::complete_bootstrap() noexcept {
  cancel_bootstrap_request();
  bootstrap_.failures = 0;
  const std::uint32_t timeout = bootstrap_setting(kAccountTimeout);
  bootstrap_.purge_at = timeout > 0 ? now_ + Seconds(timeout) : kNever;
  if (bootstrap_interface_.changed()) {
    for (const Object* object : tree_.objects()) instances_changed(object->id());
    changed(Path());
  }
  emit(EventType::kBootstrapped, kBootstrapServer);
  kSequence ? start_servers() : register_now();
}

void Engine::fail_bootstrap(Error why) noexcept {
  cancel_bootstrap_request();
  bootstrap_interface_.roll_back();
  // What was reckoned meanwhile knew nothing of the default periods that are back now.
  for (Observation& row : observations_.rows()) {
    if (row.server != 0) schedule(row);
  }
  close_bootstrap_link();
  ++bootstrap_.failures;
  bootstrap_.due = now_ + Bootstrap::retry_delay(bootstrap_.failures);
  emit_failure(EventType::kBootstrapFailed, kBootstrapServer, why);
  if (next_account(tree_).id != 0) move_bootstrap(Input::kSettled);
}

void Engine::cancel_bootstrap_request() noexcept {
  if (bootstrap_.request) endpoint_.cancel(*bootstrap_.request, now_);
  bootstrap_.request.reset();
}

void Engine::close_bootstrap_link() noexcept {
  bootstrap_.due = kNever;
  if (!managed() || bootstrap_.link == coap::kNoLink) return;
  endpoint_.abandon(bootstrap_.link, now_);
  config_.connector->close(std::exchange(bootstrap_.link, coap::kNoLink));
}

}  // namespace linnet::client
