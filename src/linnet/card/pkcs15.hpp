// SPDX-License-Identifier: Apache-2.0
// Where the bootstrap data of a card are: EF(DIR), EF(ODF) and EF(DODF-bootstrap) of PKCS#15 v1.1 (Core 1.1,
// appendix G; ETSI TS 102 221 §13.1).
#pragma once

#include "linnet/card/ber.hpp"

namespace linnet::card {

/// Application identifier of PKCS#15; what EF(DIR) names begins with it.
inline constexpr std::uint8_t kPkcs15Application[]{0xA0, 0x00, 0x00, 0x00, 0x63, 0x50,
                                                   0x4B, 0x43, 0x53, 0x2D, 0x31, 0x35};
inline constexpr std::size_t kMaxApplicationId = 16;
inline constexpr std::size_t kMaxPath = 16;  ///< bytes of a path, two for each file

/// The application identifier in a record of EF(DIR) that is a template of PKCS#15. kNotFound: it is of
/// another application, or empty; errors of BER.
[[nodiscard]] Result<ByteView> find_application(ByteView record) noexcept;

/// The paths of the data object directories that EF(ODF) names, in their order, until `take` fails.
[[nodiscard]] Result<void> for_each_data_directory(ByteView odf,
                                                   FunctionRef<Result<void>(ByteView path)> take) noexcept;

/// What a directory says of the file with the bootstrap data.
struct BootstrapObject {
  ByteView path;             ///< 2 to kMaxPath bytes
  std::uint16_t offset = 0;  ///< where they begin in the file
};

/// The data object of LwM2M_Bootstrap (2.23.43.9.1) in a data object directory: by the applicationOID of its
/// attributes, or by its own where it is an object of that kind. kNotFound; errors of BER.
[[nodiscard]] Result<BootstrapObject> find_bootstrap_object(ByteView dodf) noexcept;

}  // namespace linnet::card
