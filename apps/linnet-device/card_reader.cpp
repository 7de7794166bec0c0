// SPDX-License-Identifier: Apache-2.0
#include "card_reader.hpp"

#include <winscard.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "linnet/base/wipe.hpp"
#include "linnet/card/read_bootstrap.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/tls/nettle_cipher.hpp"

namespace linnet::device {

namespace {

using Kind = CardState::Kind;

constexpr std::chrono::milliseconds kGlance{250};  ///< how soon `check` and the end are seen
constexpr std::chrono::seconds kRetry{2};          ///< ... and a service or reader that is not there

/// Whether there is a card, and how often that changed.
constexpr DWORD kOfCard = SCARD_STATE_PRESENT | 0xFFFF'0000U;

/// PC/SC's own words.
std::string sentence(LONG error) {
  return pcsc_stringify_error(error);
}

class Context {
 public:
  Context() noexcept { error_ = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &handle_); }
  ~Context() {
    if (error_ == SCARD_S_SUCCESS) (void)SCardReleaseContext(handle_);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] LONG error() const noexcept { return error_; }
  [[nodiscard]] SCARDCONTEXT get() const noexcept { return handle_; }

  /// The name of the first reader that begins like this.
  [[nodiscard]] std::optional<std::string> find_reader(const std::string& begin) const {
    DWORD size = 0;
    if (error_ != SCARD_S_SUCCESS) return std::nullopt;
    if (SCardListReaders(handle_, nullptr, nullptr, &size) != SCARD_S_SUCCESS) return std::nullopt;
    std::vector<char> names(size);
    if (SCardListReaders(handle_, nullptr, names.data(), &size) != SCARD_S_SUCCESS) return std::nullopt;
    for (const char* name = names.data(); *name != '\0'; name += std::strlen(name) + 1) {
      if (std::string_view(name).starts_with(begin)) return name;
    }
    return std::nullopt;
  }

 private:
  SCARDCONTEXT handle_ = 0;
  LONG error_;
};

/// A card that is ours alone until this ends.
class Connection final : public card::Transport {
 public:
  Connection(SCARDCONTEXT context, const std::string& reader) noexcept {
    error_ = SCardConnect(context, reader.c_str(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                          &card_, &protocol_);
    if (error_ != SCARD_S_SUCCESS) return;
    connected_ = true;
    error_ = SCardBeginTransaction(card_);
  }
  ~Connection() {
    if (!connected_) return;
    if (error_ == SCARD_S_SUCCESS) (void)SCardEndTransaction(card_, SCARD_LEAVE_CARD);
    (void)SCardDisconnect(card_, SCARD_LEAVE_CARD);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] LONG error() const noexcept { return error_; }

  Result<std::size_t> transmit(ByteView command, ByteSpan response) noexcept override {
    const SCARD_IO_REQUEST request{protocol_, sizeof(SCARD_IO_REQUEST)};
    DWORD size = response.size();
    const LONG done =
        SCardTransmit(card_, &request, command.data(), command.size(), nullptr, response.data(), &size);
    if (done == SCARD_S_SUCCESS) return std::size_t{size};
    const bool gone =
        done == SCARD_W_REMOVED_CARD || done == SCARD_E_NO_SMARTCARD || done == SCARD_W_RESET_CARD;
    return fail(gone ? Errc::kClosed : Errc::kIo);
  }

 private:
  SCARDHANDLE card_ = 0;
  DWORD protocol_ = 0;
  LONG error_ = SCARD_E_NO_SMARTCARD;
  bool connected_ = false;
};

std::string sentence(const card::ReadFailure& failure) {
  if (card::is_wrong_pin(failure)) return "it refuses the PIN, which is not tried again";
  if (failure.step == card::Step::kPin && failure.why == Errc::kNotAllowed)
    return "it has less than three tries left for its PIN, which is not tried";
  static constexpr std::array<const char*, 7> kSteps{"it opens no logical channel",
                                                     "it has no PKCS#15 application",
                                                     "the secure channel cannot be opened",
                                                     "EF(ODF) cannot be read",
                                                     "EF(DODF-bootstrap) cannot be read",
                                                     "EF(LwM2M_Bootstrap) cannot be read",
                                                     "it takes no PIN"};
  std::string text = kSteps[static_cast<std::size_t>(failure.step)];
  if (failure.step == card::Step::kDataDirectory && failure.why == Errc::kNotFound && failure.status == 0) {
    text = "no directory of it names LwM2M bootstrap data";
  }
  text += std::string(": ") + to_string(failure.why);
  if (failure.status == 0) return text;
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  text += " (";
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[failure.status >> shift & 15];
  return text + ')';
}

/// A PIN that turns out wrong is forgotten.
CardState read_card(SCARDCONTEXT context, const std::string& reader, CardSettings& settings) {
  Connection card(context, reader);
  if (card.error() == SCARD_E_NO_SMARTCARD || card.error() == SCARD_W_REMOVED_CARD) {
    return {Kind::kAbsent, {}, "there is no card in " + reader};
  }
  if (card.error() != SCARD_S_SUCCESS) return {Kind::kUnreadable, {}, reader + ": " + sentence(card.error())};
  tls::NettleCipher cipher;
  net::SystemRandom random;
  std::optional<card::Protection> protection;
  if (settings.keys) {
    protection = {&cipher, &random, {settings.keys->enc, settings.keys->mac, settings.keys->version}};
  }
  server::SecretBytes file(card::kMaxBootstrapFile);
  std::optional<card::Pin> pin;
  if (settings.pin) pin = {settings.pin->value, settings.pin->reference};
  const auto size = card::read_bootstrap(card, protection, pin, file);
  if (!size && card::is_wrong_pin(size.error())) settings.pin.reset();
  if (size) {
    file.resize(*size);
    return {Kind::kRead, std::move(file), {}};
  }
  const Errc why = size.error().why;
  if (why == Errc::kClosed) return {Kind::kAbsent, {}, "the card was taken out of " + reader};
  const bool passing = why == Errc::kIo || why == Errc::kTimeout;
  return {passing ? Kind::kUnreadable : Kind::kAbsent,
          {},
          "the card in " + reader + ": " + sentence(size.error())};
}

}  // namespace

CardReader::CardReader(CardSettings settings, Handler on_state)
    : settings_(std::move(settings)), on_state_(std::move(on_state)), thread_([this] { run(); }) {}

CardReader::~CardReader() {
  end_ = true;
  thread_.join();
}

void CardReader::rest(std::chrono::milliseconds span) {
  const auto until = std::chrono::steady_clock::now() + span;
  while (!end_ && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kGlance);
}

/// One turn for each service and reader that comes and goes.
void CardReader::run() {
  while (!end_) {
    const Context context;
    const auto reader = context.find_reader(settings_.reader);
    if (context.error() != SCARD_S_SUCCESS) {
      on_state_({Kind::kUnreadable, {}, "PC/SC: " + sentence(context.error())});
    } else if (!reader) {
      const std::string which = settings_.reader.empty() ? "" : ' ' + settings_.reader;
      on_state_({Kind::kAbsent, {}, "there is no reader" + which});
    } else {
      watch(context.get(), *reader);
    }
    rest(kRetry);
  }
}

/// Until the reader or the service is gone, or this ends.
void CardReader::watch(long handle, const std::string& reader) {
  SCARD_READERSTATE state{};
  state.szReader = reader.c_str();
  DWORD known = SCARD_STATE_UNAWARE;
  bool first = true;
  while (!end_) {
    const LONG changed = SCardGetStatusChange(handle, static_cast<DWORD>(kGlance.count()), &state, 1);
    if (changed != SCARD_S_SUCCESS && changed != SCARD_E_TIMEOUT) return;
    const DWORD events = state.dwEventState;
    if ((events & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE | SCARD_STATE_IGNORE)) != 0) return;
    state.dwCurrentState = events;
    // Who else uses the card does not matter.
    const bool another = (events & kOfCard) != std::exchange(known, events & kOfCard);
    const bool asked = check_.exchange(false);
    if (!another && !asked && !std::exchange(first, false)) continue;
    CardState now{Kind::kAbsent, {}, "there is no card in " + reader};
    if ((events & SCARD_STATE_PRESENT) != 0) now = read_card(handle, reader, settings_);
    const bool again = now.kind == Kind::kUnreadable;
    on_state_(std::move(now));
    if (!again) continue;
    check_ = true;
    rest(kRetry);
  }
}

}  // namespace linnet::device
