// SPDX-License-Identifier: Apache-2.0
// What happens at the device, for programs (JSON-RPC notifications) and for people (a line each).
#pragma once

#include <string>

#include "device.hpp"

namespace linnet::device {

/// The name of an event in notifications: "registered", "registration-failed", ...
[[nodiscard]] std::string_view event_name(client::EventType type) noexcept;

/// One JSON-RPC notification, without a line end.
[[nodiscard]] std::string event_json(const client::Event& event);
[[nodiscard]] std::string restart_json(Restart restart);
[[nodiscard]] std::string unusable_account_json(const Account& account, const std::string& why);
[[nodiscard]] std::string alert_json(const Account& account, const client::ChannelEnd& end);
[[nodiscard]] std::string card_json(const CardReport& report);
[[nodiscard]] std::string software_json(const SoftwareReport& report);
[[nodiscard]] std::string lock_json(const LockReport& report);
[[nodiscard]] std::string radio_json(bool on);
[[nodiscard]] std::string enrolled_json(const Account& account, const std::string& failure);

/// One line for people, without a line end.
[[nodiscard]] std::string event_line(const client::Event& event, const Settings& settings);
[[nodiscard]] std::string restart_line(Restart restart);
[[nodiscard]] std::string card_line(const CardReport& report);
[[nodiscard]] std::string software_line(const SoftwareReport& report);
[[nodiscard]] std::string unusable_account_line(const Account& account, const std::string& why);
[[nodiscard]] std::string alert_line(const Account& account, const client::ChannelEnd& end);
[[nodiscard]] std::string lock_line(const LockReport& report);
[[nodiscard]] std::string radio_line(bool on);
[[nodiscard]] std::string enrolled_line(const Account& account, const std::string& failure);
/// "<- 127.0.0.1:5683  CON 0.03, 14 bytes".
[[nodiscard]] std::string datagram_line(bool sent, const net::Address& peer, ByteView datagram);
/// "<- 127.0.0.1:5683  TCP 0.03, 12 bytes".
[[nodiscard]] std::string frame_line(bool sent, const net::Address& peer, ByteView frame);

}  // namespace linnet::device
