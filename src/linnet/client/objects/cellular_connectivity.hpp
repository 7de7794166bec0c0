// SPDX-License-Identifier: Apache-2.0
// LWM2M Cellular Connectivity, object 10 version 1.1: the radio can be put out of use for a while, and the
// timers of power saving are suggested to the network, which grants what it likes.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Bits of 10/0/12 and 10/0/13.
enum PowerSavingMode : std::uint8_t { kPsm = 1, kEdrx = 2 };

/// What servers wish and the network grants. eDRX parameters are octet 3 and those behind it of the element
/// in TS 24.008 §10.5.5.32.
struct PowerSaving {
  using Edrx = Bytes<8>;

  std::optional<std::int32_t> psm_timer;     ///< s, T3412 extended
  std::optional<std::int32_t> active_timer;  ///< s, T3324
  std::optional<Edrx> edrx_iu, edrx_wb_s1, edrx_nb_s1, edrx_a_gb;
  std::optional<std::uint8_t> active_modes;  ///< PowerSavingMode

  friend bool operator==(const PowerSaving&, const PowerSaving&) = default;
};

struct CellularConnectivityInstance : PowerSaving {
  std::optional<Text<20>> smsc_address;         ///< E.164
  std::optional<std::int32_t> radio_off;        ///< min: Disable radio period
  std::optional<Text<16>> activation_code;      ///< of the module
  Multiple<lwm2m::Objlnk, 4> active_profiles;   ///< instances of object 11 with a connection
  std::optional<std::uint8_t> supported_modes;  ///< PowerSavingMode
  std::optional<std::uint8_t> release_assistance;

  static constexpr ObjectId kId = 10;
  static constexpr lwm2m::Version kVersion{1, 1};
  using Self = CellularConnectivityInstance;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&Self::smsc_address>(0, Operations::kRW),
        resource<&Self::radio_off>(1, Operations::kRW, Presence::kOptional, in_range<0, UINT16_MAX>),
        resource<&Self::activation_code>(2, Operations::kRW),
        resource<&PowerSaving::psm_timer>(4, Operations::kRW),
        resource<&PowerSaving::active_timer>(5, Operations::kRW),
        resource<&PowerSaving::edrx_iu>(7, Operations::kRW),
        resource<&PowerSaving::edrx_wb_s1>(8, Operations::kRW),
        resource<&PowerSaving::edrx_nb_s1>(9, Operations::kRW),
        resource<&PowerSaving::edrx_a_gb>(10, Operations::kRW),
        resource<&Self::active_profiles>(11, Operations::kR, Presence::kMandatory),
        resource<&Self::supported_modes>(12, Operations::kR),
        resource<&PowerSaving::active_modes>(13, Operations::kRW),
        resource<&Self::release_assistance>(14, Operations::kRW)};
  }
};

/// The radio. It is called from the object's step: what it does to the engine waits until that is over.
class CellularModem {
 public:
  /// Off: the device leaves the network, when what the engine has sent is on its way.
  virtual void radio(bool on) noexcept = 0;
  /// Suggests these to the network at the next opportunity. What comes of it, at once or later, is `granted`
  /// of the object.
  virtual void suggest(const PowerSaving& wanted) noexcept = 0;

 protected:
  ~CellularModem() = default;
};

/// Disable radio period becomes 0 when it is over; another value begins it anew, and 0 ends it. Without a
/// modem these resources are values like others.
class CellularConnectivityBehaviour : public TypedObject {
 public:
  /// Must outlive the object.
  void provide(CellularModem& modem) noexcept { modem_ = &modem; }
  /// What the network lets the device do, asked for or not: these are the values from now on.
  void granted(const PowerSaving& values) noexcept;
  [[nodiscard]] bool radio() const noexcept { return radio_off_ == 0; }

  Instant step(Instant now) noexcept override;

 protected:
  using TypedObject::TypedObject;
  ~CellularConnectivityBehaviour() = default;

 private:
  [[nodiscard]] CellularConnectivityInstance* instance() const noexcept;
  void step_radio(CellularConnectivityInstance& at, Instant now) noexcept;

  CellularModem* modem_ = nullptr;
  std::int32_t radio_off_ = 0;  ///< min, that were asked for; 0: the radio is in use
  Instant radio_on_at_ = kNever;
  PowerSaving granted_;
};

using CellularConnectivityObject =
    Instances<CellularConnectivityInstance, 1, Creation::kByDevice, CellularConnectivityBehaviour>;

}  // namespace linnet::client
