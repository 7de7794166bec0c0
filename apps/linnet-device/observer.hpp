// SPDX-License-Identifier: Apache-2.0
// Who is told what happens at the device.
#pragma once

#include <string>

#include "card_state.hpp"
#include "linnet/client/channel.hpp"
#include "linnet/client/events.hpp"
#include "lock.hpp"
#include "settings.hpp"
#include "software_report.hpp"

namespace linnet::device {

enum class Restart : std::uint8_t { kReboot, kFactoryReset };

class Observer {
 public:
  /// Views live until it returns. Must not change the device.
  virtual void on_event(const client::Event& event) noexcept = 0;
  /// An account that this device cannot use: `why` is a sentence.
  virtual void on_unusable_account(const Account& account, const std::string& why) noexcept = 0;
  /// The secured channel to a server ended by an alert of the server's, or by one that it was told.
  virtual void on_alert(const Account& account, const client::ChannelEnd& end) noexcept = 0;
  /// The enrolment for the certificate of an account has ended; `failure` is a sentence, empty where it has
  /// its certificate.
  virtual void on_enrolled(const Account& account, const std::string& failure) noexcept = 0;
  /// A server's Execute made it start anew; it registers again next.
  virtual void on_restart(Restart restart) noexcept = 0;
  /// What came of a smartcard that was put in, taken out or looked at again.
  virtual void on_card(const CardReport& report) noexcept = 0;
  /// A software package is in another state, or switched.
  virtual void on_software(const SoftwareReport& /*report*/) noexcept {}
  /// A server locked, unlocked or wiped by object 8.
  virtual void on_lock(const LockReport& /*report*/) noexcept {}
  /// A server had the radio switched off by object 10, or its time is over.
  virtual void on_radio(bool /*on*/) noexcept {}

 protected:
  ~Observer() = default;
};

}  // namespace linnet::device
