// SPDX-License-Identifier: Apache-2.0
// A smartcard in a reader of PC/SC, watched by a thread of its own: what stands in EF(LwM2M_Bootstrap), and
// that a card came, changed or went (Core 1.1 §6.1.4.2).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "card_settings.hpp"
#include "card_state.hpp"

namespace linnet::device {

class CardReader {
 public:
  using Handler = std::function<void(CardState)>;

  /// `on_state` is called from the thread: with the first state, whenever a card comes or goes, and after
  /// `check` with what is there.
  CardReader(CardSettings settings, Handler on_state);
  ~CardReader();
  CardReader(const CardReader&) = delete;
  CardReader& operator=(const CardReader&) = delete;

  /// Reads the card again, soon.
  void check() noexcept { check_ = true; }

 private:
  void run();
  void watch(long handle, const std::string& reader);  ///< SCARDCONTEXT
  void rest(std::chrono::milliseconds span);

  CardSettings settings_;
  Handler on_state_;
  std::atomic<bool> check_ = false;
  std::atomic<bool> end_ = false;
  std::thread thread_;
};

}  // namespace linnet::device
