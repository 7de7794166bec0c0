// SPDX-License-Identifier: Apache-2.0
// What a port has to bring: a way to send and receive datagrams, a clock and random numbers. Here
// they are words that a debugger or a simulator fills, so that an image holds nothing but linnet.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/client/engine.hpp"

namespace board {

/// A network interface with one buffer each way.
struct Radio {
  volatile std::uint32_t received = 0;  ///< bytes that wait in `in`; set back when they were taken
  volatile std::uint32_t to_send = 0;   ///< bytes of `out` to be sent
  volatile std::uint32_t milliseconds = 0;
  volatile std::uint32_t noise = 0;
};
inline Radio radio;

inline constexpr std::size_t kMaxDatagram = 1280;
inline std::array<std::uint8_t, kMaxDatagram> in;
inline std::array<std::uint8_t, kMaxDatagram> out;

/// The arena of the engine; its name tells tools/footprint what is tables and what message buffers.
template <std::size_t kTables, std::size_t kBuffers>
alignas(8) inline std::array<std::byte, kTables + kBuffers> memory;

class Links final : public linnet::coap::Links {
 public:
  const linnet::coap::LinkTraits& traits(linnet::coap::LinkId) noexcept override { return traits_; }
  linnet::ByteSpan prepare(linnet::coap::LinkId, std::size_t size) noexcept override {
    return radio.to_send == 0 && size <= out.size() ? linnet::ByteSpan(out) : linnet::ByteSpan();
  }
  void send(linnet::coap::LinkId, std::size_t size) noexcept override {
    radio.to_send = static_cast<std::uint32_t>(size);
  }

 private:
  linnet::coap::LinkTraits traits_;
};

class Noise final : public linnet::Random {
 public:
  std::uint32_t next() noexcept override { return radio.noise; }
};

/// The same engine, at an address that the optimiser is not told: it stays in a register and reaches what is
/// near in two bytes, where each function would have the address as a constant of its own.
[[nodiscard]] inline linnet::client::Engine& at_run_time(linnet::client::Engine& engine) noexcept {
  linnet::client::Engine* place = &engine;
  asm("" : "+r"(place));
  return *place;
}

/// Hands over what came, and lets the engine do what is due.
inline void serve(linnet::client::Engine& engine) noexcept {
  const linnet::Instant now{linnet::Millis(radio.milliseconds)};
  if (const std::uint32_t size = radio.received; size > 0 && size <= in.size()) {
    engine.receive(linnet::coap::LinkId{0}, linnet::ByteView(in).first(size), now);
    radio.received = 0;
  }
  engine.step(now);
}

/// Serves the engine until the power goes.
[[noreturn]] inline void run(linnet::client::Engine& engine) noexcept {
  for (;;) serve(engine);
}

}  // namespace board
