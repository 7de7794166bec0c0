// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdio>

#include "event_report.hpp"

namespace linnet::device {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

namespace {

constexpr Millis kLongestWait{3'600'000};
constexpr int kMaxStepsPerTurn = 64;

}  // namespace

std::expected<std::unique_ptr<Program>, std::string> Program::make(const Settings& settings,
                                                                   const registry::ModelRegistry& registry,
                                                                   UdpLinks links,
                                                                   const ControlPlace& control,
                                                                   bool verbose) {
  std::unique_ptr<Program> program(new Program(settings, std::move(links), control, verbose));
  Program& p = *program;
  if (settings.takes_packages()) {
    p.downloads_ = std::make_unique<Downloads>(
        p.io_, p.links_, [&p](const net::Address& address) { return p.device_->secured_link(address); },
        settings.download_trust, [&p] { p.turn(); });
  }
  auto device =
      Device::make(settings, registry, p.links_, p.random_, p.clock_, p, p.links_, p.downloads_.get());
  if (!device) return std::unexpected(device.error().text);
  p.device_ = *std::move(device);
  p.control_ = std::make_unique<Control>(*p.device_, p.clock_, [&p] { p.leave(); });
  if (control.address) {
    if (auto listening = p.listen(*control.address); !listening) return std::unexpected(listening.error());
  }
  return program;
}

Program::Program(const Settings& settings, UdpLinks links, const ControlPlace& control, bool verbose)
    : settings_(settings),
      control_place_(control),
      verbose_(verbose),
      links_(std::move(links)),
      streams_(io_, stream_handlers()) {
  links_.stream_by(streams_);
  for (const net::UdpSocket& socket : links_.sockets()) sockets_.emplace_back(io_, dup(socket.fd()));
  if (!verbose_) return;
  links_.watch([](Direction direction, const net::Address& peer, ByteView datagram) {
    std::fprintf(stderr, "%s\n", datagram_line(direction == Direction::kSent, peer, datagram).c_str());
  });
}

TcpLinks::Handlers Program::stream_handlers() {
  TcpLinks::Handlers handlers;
  handlers.on_frame = [this](coap::LinkId link, ByteView frame) {
    device_->receive(link, frame);
    turn();
  };
  handlers.on_open = [this](coap::LinkId link) {
    device_->stream_opened(link);
    turn();
  };
  handlers.on_closed = [this](coap::LinkId link, const TcpLinks::Closed& how) {
    device_->stream_closed(link, how.was_open, how.channel);
    turn();
  };
  if (verbose_) {
    handlers.on_traffic = [](bool sent, const net::Address& peer, ByteView frame) {
      std::fprintf(stderr, "%s\n", frame_line(sent, peer, frame).c_str());
    };
  }
  handlers.now = [this] { return clock_.now(); };
  return handlers;
}

std::expected<void, std::string> Program::listen(const net::Address& address) {
  const asio::ip::address_v6 ip(address.ip());
  const tcp::endpoint place(
      address.is_v4() ? asio::ip::address(make_address_v4(asio::ip::v4_mapped, ip)) : asio::ip::address(ip),
      address.port());
  try {
    acceptor_ = tcp::acceptor(io_, place);
  } catch (const boost::system::system_error& error) {
    return std::unexpected("--control " + address.text() + ": " + error.code().message());
  }
  const net::Address bound(address.ip(), acceptor_.local_endpoint().port());
  report("control on " + bound.text());
  return {};
}

int Program::run() {
  std::signal(SIGPIPE, SIG_IGN);
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  wait_for_signal();
  if (acceptor_.is_open()) accept();
  if (control_place_.stdio) add_controller(dup(STDIN_FILENO), dup(STDOUT_FILENO), true);
  settings_.smartcard ? wait_for_card() : begin();
  io_.run();
  if (const auto saved = device_->save(); !saved) {
    std::fprintf(stderr, "linnet-device: the state could not be kept: %s\n", to_string(saved.error().code));
    return 1;
  }
  return 0;
}

void Program::begin() {
  if (std::exchange(begun_, true)) return;
  for (std::size_t i = 0; i < sockets_.size(); ++i) wait_for_datagrams(i);
  turn();
}

/// The card comes before all other accounts (Core 1.1 §6.1.4.5).
void Program::wait_for_card() {
  card_ = std::make_unique<CardReader>(*settings_.smartcard, [this](CardState state) {
    asio::post(io_, [this, state = std::move(state)] { take_card(state); });
  });
  card_timer_.expires_after(kForCard);
  card_timer_.async_wait([this](const Failure& error) {
    if (!error) begin();
  });
}

void Program::take_card(const CardState& state) {
  card_timer_.cancel();
  // What waits is looked at again when the bootstrap server is done.
  (void)device_->take_card(state);
  begun_ ? turn() : begin();
}

void Program::accept() {
  acceptor_.async_accept([this](const Failure& error, tcp::socket socket) {
    if (leaving_ || error == asio::error::operation_aborted) return;
    if (!error && controllers_.size() < kMaxControllers) {
      const int in = dup(socket.native_handle());
      add_controller(in, dup(in), false);
    }
    accept();
  });
}

/// `last`: the device ends with it.
void Program::add_controller(int in, int out, bool last) {
  LineStream::Handlers handlers{
      .on_line =
          [this](LineStream& stream, std::string_view line) {
            if (const auto response = control_->handle(line)) stream.write(*response);
            turn();
          },
      .on_long_line = [](LineStream& stream) { stream.write(Control::line_too_long()); },
      .on_end =
          [this, last](LineStream& stream) {
            if (last) return leave();
            std::erase_if(controllers_, [&](const auto& c) { return c.get() == &stream; });
          }};
  controllers_.push_back(std::make_shared<LineStream>(io_, in, out, Control::kMaxLine, std::move(handlers)));
  controllers_.back()->start();
}

void Program::wait_for_datagrams(std::size_t socket) {
  sockets_[socket].async_wait(
      asio::posix::stream_descriptor::wait_read, [this, socket](const Failure& error) {
        if (error) return;
        links_.receive(links_.sockets()[socket], [this](coap::LinkId link, ByteView datagram) {
          device_->receive(link, datagram);
          (void)device_->step();
        });
        turn();
        wait_for_datagrams(socket);
      });
}

void Program::wait_for_signal() {
  signals_.async_wait([this](const Failure& error, int) {
    if (error) return;
    if (leaving_) return io_.stop();
    leave();
    turn();
    wait_for_signal();
  });
}

/// Does what is due and waits for what comes next.
void Program::turn() {
  if (!begun_) return;
  Instant deadline = device_->step();
  for (int i = 0; i < kMaxStepsPerTurn && deadline <= clock_.now(); ++i) deadline = device_->step();
  if (leaving_ && device_->deregistered()) {
    const auto sent = [](const auto& c) { return c->sent(); };
    if (std::ranges::all_of(controllers_, sent)) return io_.stop();
    deadline = clock_.now() + Millis(1);
  }
  const Instant now = clock_.now();
  const Millis wait = deadline <= now ? Millis(0) : std::min<Millis>(deadline - now, kLongestWait);
  timer_.expires_after(wait);
  timer_.async_wait([this](const Failure& error) {
    if (!error) turn();
  });
}

void Program::leave() {
  if (std::exchange(leaving_, true)) return;
  device_->deregister(client::kEveryServer);
  farewell_.expires_after(kFarewell);
  farewell_.async_wait([this](const Failure& error) {
    if (!error) io_.stop();
  });
  asio::post(io_, [this] { turn(); });
}

void Program::report(const std::string& line) const {
  if (control_place_.stdio && !verbose_) return;
  std::FILE* out = control_place_.stdio ? stderr : stdout;
  std::fprintf(out, "%s\n", line.c_str());
  std::fflush(out);
}

void Program::broadcast(const std::string& json) {
  for (const auto& controller : std::vector(controllers_)) controller->write(json);
}

void Program::on_event(const client::Event& event) noexcept {
  // The Core asks for a look at the card with each Register and Update.
  using enum client::EventType;
  const bool moment = event.type == kRegistered || event.type == kUpdated || event.type == kBootstrapped ||
                      event.type == kBootstrapFailed;
  if (card_ && moment) card_->check();
  if (event.type != client::EventType::kNotified || verbose_)
    report(event_line(event, device_ ? device_->settings() : settings_));
  if (!controllers_.empty()) broadcast(event_json(event));
}

void Program::on_unusable_account(const Account& account, const std::string& why) noexcept {
  report(unusable_account_line(account, why));
  if (!controllers_.empty()) broadcast(unusable_account_json(account, why));
}

void Program::on_alert(const Account& account, const client::ChannelEnd& end) noexcept {
  report(alert_line(account, end));
  if (!controllers_.empty()) broadcast(alert_json(account, end));
}

void Program::on_enrolled(const Account& account, const std::string& failure) noexcept {
  report(enrolled_line(account, failure));
  if (!controllers_.empty()) broadcast(enrolled_json(account, failure));
}

void Program::on_restart(Restart restart) noexcept {
  if (card_) card_->check();
  report(restart_line(restart));
  if (!controllers_.empty()) broadcast(restart_json(restart));
}

void Program::on_card(const CardReport& card) noexcept {
  report(card_line(card));
  if (!controllers_.empty()) broadcast(card_json(card));
}

void Program::on_software(const SoftwareReport& software) noexcept {
  report(software_line(software));
  if (!controllers_.empty()) broadcast(software_json(software));
}

void Program::on_lock(const LockReport& lock) noexcept {
  report(lock_line(lock));
  if (!controllers_.empty()) broadcast(lock_json(lock));
}

void Program::on_radio(bool on) noexcept {
  report(radio_line(on));
  if (!controllers_.empty()) broadcast(radio_json(on));
}

}  // namespace linnet::device
