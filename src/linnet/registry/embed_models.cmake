# SPDX-License-Identifier: Apache-2.0
# cmake -DMODELS=folder -DOUTPUT=file.cpp -P embed_models.cmake: the texts of the folder, in the
# order of their names, as one string constant.
file(GLOB texts LIST_DIRECTORIES false "${MODELS}/*.txt")
list(SORT texts COMPARE NATURAL)
set(source "#include \"linnet/registry/embedded_models.hpp\"\n\nnamespace linnet::registry {\n\n")
string(APPEND source "std::string_view embedded_models() noexcept {\n  return {\n")
foreach(text IN LISTS texts)
  file(READ "${text}" content)
  string(APPEND source "R\"~(${content})~\"\n")
endforeach()
string(APPEND source "\"\"};\n}\n\n}  // namespace linnet::registry\n")
file(WRITE "${OUTPUT}" "${source}")
