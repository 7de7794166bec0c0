// SPDX-License-Identifier: Apache-2.0
// The ways to the servers of a device: opens them when its engine wants them, as object 0 says, with the
// handshake that a secured one takes, and tells the engine what becomes of them (TS 5.2.9).
#pragma once

#include <array>
#include <map>
#include <vector>

#include "enrollments.hpp"
#include "kept_sessions.hpp"
#include "link_source.hpp"
#include "linnet/client/connector.hpp"
#include "linnet/client/engine.hpp"
#include "objects.hpp"
#include "observer.hpp"
#include "secured_links.hpp"

namespace linnet::device {

class Connections final : public client::Connector {
 public:
  /// All must outlive them.
  Connections(const Settings& settings, coap::Links& below, LinkSource& source, client::Platform& clock,
              Observer& observer);

  /// A device starts: a new engine over these objects. `plain` is what a way without security is to it.
  void begin(client::Engine& engine, Objects& objects, client::Session plain) noexcept;
  /// It stops, as at a power cut.
  void end() noexcept;

  [[nodiscard]] coap::Links& links() noexcept { return links_; }
  [[nodiscard]] KeptSessions& sessions() noexcept { return sessions_; }
  [[nodiscard]] Enrollments& enrollments() noexcept { return enrollments_; }
  /// The open channel to this address, which a download may use too; kNoLink where there is none.
  [[nodiscard]] coap::LinkId secured_link(const net::Address& address) const noexcept;
  [[nodiscard]] bool handshaking(coap::LinkId link) const noexcept;

  /// A connection: what it brings has arrived, whoever sleeps.
  [[nodiscard]] bool stream(coap::LinkId link) const noexcept;

  void receive(coap::LinkId link, ByteView datagram, Instant now) noexcept;
  /// What became of LinkSource::connect, and of a connection that was there, which its channel may have
  /// ended.
  void stream_opened(coap::LinkId link) noexcept;
  void stream_closed(coap::LinkId link, bool was_open,
                     const std::optional<client::ChannelEnd>& channel) noexcept;
  /// Does what is due and tells the engine what happened; when to call again.
  Instant step(Instant now) noexcept;

  void open(client::ShortServerId server, client::InstanceId security,
            lwm2m::Binding transport) noexcept override;
  void close(coap::LinkId link) noexcept override;

 private:
  struct Way {
    Account account;
    AccountHash hash{};
    bool secured = false;
    bool stream = false;
  };

  OrRefusal<void> connect(coap::LinkId link, const client::SecurityParameters& parameters);
  void keep_session(const Way& way, const client::Channel& channel) noexcept;
  void tell_alert(const Way& way, const client::ChannelEnd& end) noexcept;
  OrRefusal<void> lead(Account& account, client::InstanceId security, lwm2m::Binding transport);
  void tell(const SecuredLinks::Change& change) noexcept;

  // connections_est.cpp: accounts whose certificates the device enrols for
  /// An account that waits for its certificate.
  struct Waiting {
    client::InstanceId security{};
    lwm2m::Binding transport;
    AccountHash account{};
    bool renewal = false;  ///< nobody waits for the way: there is an older certificate
  };
  /// Gives the parameters of an account of kEst its certificate. False: it has to be enrolled for first, and
  /// the way is opened then.
  OrRefusal<bool> take_enrolled(const Account& account, client::InstanceId security, lwm2m::Binding transport,
                                client::SecurityParameters& parameters);
  OrRefusal<void> seek_certificate();
  void step_enrollments() noexcept;
  void end_waiting(client::ShortServerId server, Errc why, const std::string& failure) noexcept;
  /// The bootstrap server cannot be reached.
  void abandon_waiting(Errc why) noexcept;
  void release_bootstrap_server() noexcept;
  [[nodiscard]] coap::LinkId open_bootstrap_link() const noexcept;
  [[nodiscard]] UnixTime unix_now() const noexcept;

  LinkSource& source_;
  client::Platform& clock_;
  Observer& observer_;
  std::vector<tls::Certificate> anchors_;
  SecuredLinks links_;
  KeptSessions sessions_;
  Enrollments enrollments_;
  std::map<client::ShortServerId, Waiting> waiting_;
  std::string endpoint_;
  client::Engine* engine_ = nullptr;
  Objects* objects_ = nullptr;
  client::Session plain_ = client::Session::kNew;
  std::map<coap::LinkId, Way> ways_;
  std::array<std::uint8_t, 8192> room_{};  ///< for what is read of object 0
  Instant now_{};
};

}  // namespace linnet::device
