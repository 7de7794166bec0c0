// SPDX-License-Identifier: Apache-2.0
// The running device: one thread that waits for datagrams, deadlines, control messages and signals.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "card_reader.hpp"
#include "control.hpp"
#include "downloads.hpp"
#include "line_stream.hpp"
#include "linnet/net/system_random.hpp"
#include "udp_links.hpp"

namespace linnet::device {

/// Where control messages come from.
struct ControlPlace {
  bool stdio = false;
  std::optional<net::Address> address;  ///< loopback
};

class Program final : private Observer {
 public:
  static constexpr std::size_t kMaxControllers = 8;
  static constexpr Seconds kFarewell{2};  ///< for de-registering at the end
  static constexpr Seconds kForCard{30};  ///< for a smartcard to be read before all else

  /// What `links` refers to and all else must outlive the program. The error is a sentence.
  [[nodiscard]] static std::expected<std::unique_ptr<Program>, std::string> make(
      const Settings& settings, const registry::ModelRegistry& registry, UdpLinks links,
      const ControlPlace& control, bool verbose);

  /// Until told to exit; the status of the process.
  int run();

 private:
  Program(const Settings& settings, UdpLinks links, const ControlPlace& control, bool verbose);

  // Observer
  void on_event(const client::Event& event) noexcept override;
  void on_unusable_account(const Account& account, const std::string& why) noexcept override;
  void on_alert(const Account& account, const client::ChannelEnd& end) noexcept override;
  void on_enrolled(const Account& account, const std::string& failure) noexcept override;
  void on_restart(Restart restart) noexcept override;
  void on_card(const CardReport& card) noexcept override;
  void on_software(const SoftwareReport& software) noexcept override;
  void on_lock(const LockReport& lock) noexcept override;
  void on_radio(bool on) noexcept override;

  std::expected<void, std::string> listen(const net::Address& address);
  void accept();
  void add_controller(int in, int out, bool last);
  void wait_for_datagrams(std::size_t socket);
  void wait_for_signal();
  [[nodiscard]] TcpLinks::Handlers stream_handlers();
  void begin();
  void wait_for_card();
  void take_card(const CardState& state);
  void turn();
  void leave();
  void report(const std::string& line) const;
  void broadcast(const std::string& json);

  const Settings& settings_;
  ControlPlace control_place_;
  bool verbose_;
  boost::asio::io_context io_{1};
  Clock clock_;
  net::SystemRandom random_;
  UdpLinks links_;
  TcpLinks streams_;
  std::unique_ptr<Downloads> downloads_;  ///< null without packages
  std::unique_ptr<Device> device_;
  std::unique_ptr<Control> control_;
  std::vector<boost::asio::posix::stream_descriptor> sockets_;  ///< to wait on; links_ reads them
  boost::asio::steady_timer timer_{io_};
  boost::asio::steady_timer farewell_{io_};
  boost::asio::signal_set signals_{io_};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  std::vector<std::shared_ptr<LineStream>> controllers_;
  bool leaving_ = false;
  bool begun_ = false;
  boost::asio::steady_timer card_timer_{io_};
  std::unique_ptr<CardReader> card_;  ///< null without a smartcard; its thread ends first
};

}  // namespace linnet::device
