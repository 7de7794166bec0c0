// SPDX-License-Identifier: Apache-2.0
// Many simulated devices in one thread, each with its own source address out of 127/8 on one
// socket: they cost little, so that the server is what is measured.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "histogram.hpp"
#include "linnet/coap/message.hpp"
#include "linnet/net/udp_batch.hpp"
#include "protected.hpp"
#include "secured.hpp"

namespace linnet::fleet {

/// What every device does in a phase.
/// kHello: a ClientHello, and nothing for what is answered, as who does not hear at its address.
enum class Phase : std::uint8_t { kHandshake, kHello, kRegister, kUpdate, kGet, kNotify, kDeregister };

struct FleetConfig {
  net::Address server;                      ///< IPv4 on 127/8
  std::uint32_t devices = 1000;             ///< up to kMaxDevices
  std::uint32_t first_source = 0x7F010000;  ///< IPv4 address of the first device: 127.1.0.0
  std::string prefix = "fleet-";
  std::uint32_t lifetime = 86400;  ///< seconds
  std::string objects = R"(</1/0>,</3/0>,</4/0>,</5/0>,</3303/0>)";
  std::vector<std::string> get_path = {".well-known", "core"};
  std::vector<std::uint8_t> psk;  ///< of every device; not empty: all is said over DTLS, after a handshake
  /// Master Secret of every device; not empty: all is said under OSCORE, and the server is not answered.
  std::vector<std::uint8_t> oscore;
};

struct PhaseConfig {
  Phase phase = Phase::kGet;
  std::uint32_t window = 256;             ///< requests under way at once
  double rate = 0;                        ///< requests a second; 0: as fast as the window allows
  std::uint64_t count = 0;                ///< requests; 0: until `duration`
  std::chrono::milliseconds duration{0};  ///< 0: until `count`
  bool confirmable = true;                ///< notifications; all else is
};

struct PhaseReport {
  std::uint64_t sent = 0;  ///< requests, without their retransmissions
  std::uint64_t answered = 0;
  std::uint64_t errors = 0;  ///< of those answered, with 4.xx, 5.xx or a Reset
  std::uint64_t retransmitted = 0;
  std::uint64_t lost = 0;     ///< never answered
  std::uint64_t skipped = 0;  ///< the device cannot: not registered, or not observed
  double seconds = 0;
  Histogram latency;
};

class Fleet {
 public:
  static constexpr std::uint32_t kMaxDevices = 8'000'000;

  [[nodiscard]] static std::expected<std::unique_ptr<Fleet>, std::string> open(const FleetConfig& config);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] PhaseReport run(const PhaseConfig& phase);
  [[nodiscard]] std::uint32_t observed() const noexcept;
  /// Answers what the server asks, for so long.
  void listen(std::chrono::milliseconds duration);

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMaxLocation = 16;
  static constexpr std::uint8_t kMaxRetransmit = 4;
  static constexpr std::chrono::seconds kAckTimeout{2};

  struct Device {
    Clock::time_point first_sent{};
    coap::Token observation;
    std::uint16_t message_id = 0;
    std::uint8_t attempts = 0;
    std::uint8_t location_size = 0;  // 0: not registered
    bool waiting = false;
    bool observed = false;
    std::uint32_t sequence = 0;  // of its notifications
    char location[kMaxLocation] = {};
  };
  struct Timer {
    Clock::time_point at;
    std::uint32_t device;
    std::uint16_t message_id;
  };
  struct Batches {
    net::ReceiveBatch in{2048};
    net::SendBatch out{1280};
    std::array<std::uint8_t, 2048> opened;  ///< a datagram that is decrypted in place
    std::array<std::uint8_t, 1280> plain;   ///< a message before it is protected
  };

  Fleet(const FleetConfig& config, net::UdpSocket socket);

  void start_some(PhaseReport& report, Clock::time_point now);
  [[nodiscard]] bool able(const Device& device) const noexcept;
  [[nodiscard]] ByteSpan prepare(std::uint32_t index);
  void commit(std::uint32_t index, std::size_t size, const net::Address& remote, const net::Address& local);
  void send_request(std::uint32_t index);
  void send_hello(std::uint32_t index);
  [[nodiscard]] std::size_t write_request(const Device& device, std::uint32_t index, ByteSpan out) const;
  void retransmit_due(PhaseReport& report, Clock::time_point now);
  void receive(PhaseReport& report);
  void take(const net::Datagram& datagram, PhaseReport& report, Clock::time_point now);
  [[nodiscard]] ByteView unprotect(std::uint32_t index, ByteView datagram, PhaseReport& report,
                                   Clock::time_point now);
  /// The server gave new keys, or wants to know that a request is none of before: it is made once more.
  [[nodiscard]] bool asked_again(std::uint32_t index, const coap::OpenedMessage& opened,
                                 Clock::time_point now);
  void settle(Device& device, PhaseReport& report, Clock::time_point now);
  void finish(Device& device, const coap::Message& message, PhaseReport& report, Clock::time_point now);
  void answer(std::uint32_t index, const net::Datagram& datagram, const coap::Message& request);
  [[nodiscard]] net::Address address_of(std::uint32_t index) const noexcept;

  FleetConfig config_;
  PhaseConfig phase_;
  net::UdpSocket socket_;
  std::unique_ptr<Batches> batches_;
  std::unique_ptr<SecuredDevices> secured_;      ///< null: no DTLS
  std::unique_ptr<ProtectedDevices> protected_;  ///< null: no OSCORE
  ByteSpan space_;                               ///< of the datagram that is being written
  std::vector<Device> devices_;
  std::deque<Timer> timers_;
  std::uint32_t next_device_ = 0;
  std::uint32_t under_way_ = 0;
  Clock::time_point started_{};
};

}  // namespace linnet::fleet
