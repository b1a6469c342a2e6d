# How every target of the project is built. Included once, from the root.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(SHILU_WERROR "Treat warnings as errors" OFF)
set(SHILU_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")

find_program(SHILU_CCACHE ccache)
if(SHILU_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the checkout count as relative, so that a second checkout finds what the first one compiled.
  set(shilu_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SHILU_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${shilu_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${shilu_launcher})
endif()
find_program(SHILU_LLD ld.lld)
if(SHILU_LLD)
  add_link_options(-fuse-ld=lld)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
add_compile_definitions(_FILE_OFFSET_BITS=64)
if(SHILU_WERROR)
  add_compile_options(-Werror)
endif()
# Clang 14 has coroutines, but does not say so in the way that libstdc++ and Boost 1.74 ask.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  add_compile_options(-Wno-builtin-macro-redefined)
  add_compile_definitions(__cpp_impl_coroutine=201902L BOOST_ASIO_HAS_CO_AWAIT=1 BOOST_ASIO_HAS_STD_COROUTINE=1)
endif()
if(SHILU_SANITIZE)
  add_compile_options(-fsanitize=${SHILU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fno-sanitize=function)  # Clang 14 cannot lay it out in front of a coroutine
  endif()
  add_link_options(-fsanitize=${SHILU_SANITIZE})
endif()
option(SHILU_FUZZ "Link the fuzz targets with libFuzzer (Clang)" OFF)

# shilu_module(NAME SOURCES a.cpp ... USES shilu::b ... FOREIGN targets ...)
# A static library `shilu_NAME` with the alias shilu::NAME. USES are modules of ours (public); FOREIGN are
# outside libraries, private: their headers stay inside the module.
function(shilu_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;FOREIGN" ${ARGN})
  add_library(shilu_${name} STATIC ${ARG_SOURCES})
  add_library(shilu::${name} ALIAS shilu_${name})
  target_include_directories(shilu_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(shilu_${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_FOREIGN} Threads::Threads)
endfunction()

# shilu_pkg(TARGET packages ...): an imported target PkgConfig::TARGET whose headers are system headers.
macro(shilu_pkg target)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${ARGN})
endmacro()
